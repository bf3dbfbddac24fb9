// Reads a history of executed signing calls and claims, and says for each duty whether it is linearizable as an epoch
// mutex: a second opinion to chaos/checker.py, by a checker that others use. One line of JSON on standard output.
//
//	porcupine HISTORY.json [VISUALISATION.html]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

const patience = time.Minute

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fail(fmt.Errorf("usage: porcupine HISTORY.json [VISUALISATION.html]"))
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	var all history
	if err := json.Unmarshal(text, &all); err != nil {
		fail(fmt.Errorf("%s: %w", os.Args[1], err))
	}
	picture := ""
	if len(os.Args) == 3 {
		picture = os.Args[2]
	}
	verdicts := map[string]string{}
	for duty, items := range byDuty(all) {
		verdicts[duty] = judge(duty, items, picture)
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fail(err)
	}
}

// judge says ok, illegal or unknown (after a minute), and draws the chunk that decided it, or else the last one.
func judge(duty string, items []item, picture string) string {
	verdict, from := porcupine.Ok, state{claimed: unclaimed, signing: unclaimed}
	for _, chunk := range chunks(items) {
		var info porcupine.LinearizationInfo
		model := epochMutex(from)
		verdict, info = porcupine.CheckOperationsVerbose(model, operations(chunk), patience)
		if picture != "" {
			draw(picture, duty, model, info)
		}
		if verdict != porcupine.Ok {
			break
		}
		from = after(from, chunk)
	}
	return strings.ToLower(string(verdict))
}

func draw(picture, duty string, model porcupine.Model, info porcupine.LinearizationInfo) {
	extension := filepath.Ext(picture)
	path := strings.TrimSuffix(picture, extension) + "-" + duty + extension
	if err := porcupine.VisualizePath(model, info, path); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
