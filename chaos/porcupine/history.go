package main

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
)

type execution struct {
	Duty   string `json:"duty"`
	Daemon string `json:"daemon"`
	Epoch  *int64 `json:"epoch"`
	Begin  int64  `json:"begin"`
	End    int64  `json:"end"`
}

type acquisition struct {
	Duty      string `json:"duty"`
	Candidate string `json:"candidate"`
	Epoch     int64  `json:"epoch"`
	Sent      int64  `json:"sent"`
	Answered  int64  `json:"answered"`
}

type history struct {
	Executions   []execution   `json:"executions"`
	Acquisitions []acquisition `json:"acquisitions"`
}

// item is what took from one moment to another: one operation, or an execution's two.
type item struct {
	from, to   int64
	epoch      int64
	operations []porcupine.Operation
}

// A chunk's operations: porcupine keeps a set of them for each step that it takes.
const chunkSize = 2000

// byDuty makes of each claim one operation, and of each execution two that take no time: its begin and its end.
// Were an execution one operation, two that overlap could be put in an order; here nothing may be between the two.
func byDuty(all history) map[string][]item {
	type key struct {
		duty  string
		epoch int64
	}
	claims := map[key]bool{}
	found := map[string][]item{}
	for _, it := range all.Acquisitions {
		claims[key{it.Duty, it.Epoch}] = true
		one := operation(input{claim, it.Epoch}, it.Candidate, it.Sent, it.Answered)
		found[it.Duty] = append(found[it.Duty], item{it.Sent, it.Answered, it.Epoch, []porcupine.Operation{one}})
	}
	for _, it := range all.Executions {
		epoch := unclaimed
		if it.Epoch != nil && claims[key{it.Duty, *it.Epoch}] {
			epoch = *it.Epoch
		}
		begin := operation(input{enter, epoch}, it.Daemon, it.Begin, it.Begin)
		end := operation(input{leave, epoch}, it.Daemon, it.End, it.End)
		found[it.Duty] = append(found[it.Duty], item{it.Begin, it.End, epoch, []porcupine.Operation{begin, end}})
	}
	return found
}

func operation(in input, who string, call, answer int64) porcupine.Operation {
	return porcupine.Operation{Input: in, Output: who, Call: call, Return: answer}
}

// chunks cuts a history at moments when nothing was under way, so that what comes before is one state for what follows.
func chunks(items []item) [][]item {
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.from, b.from) })
	var found [][]item
	var open []item
	last := int64(0)
	for _, it := range items {
		if len(open) >= chunkSize && it.from > last {
			found, open = append(found, open), nil
		}
		open, last = append(open, it), max(last, it.to)
	}
	return append(found, open)
}

// operations of a chunk, each with a client of its own as long as it lasts: a client does one thing at a time.
func operations(items []item) []porcupine.Operation {
	var found []porcupine.Operation
	for _, it := range items {
		found = append(found, it.operations...)
	}
	slices.SortStableFunc(found, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var busy []int64
	for at := range found {
		client := slices.IndexFunc(busy, func(until int64) bool { return until < found[at].Call })
		if client < 0 {
			client, busy = len(busy), append(busy, 0)
		}
		busy[client], found[at].ClientId = found[at].Return, client
	}
	return found
}
