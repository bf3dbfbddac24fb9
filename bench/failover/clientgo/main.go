// One candidate that races by client-go's leader election on a Lease; its signer is the double of all contenders.
//
// Events go to standard output, a line of JSON each, stamped by CLOCK_BOOTTIME as the daemons' doubles stamp theirs.
// SIGUSR1 is the planned handover: the signer is ended first, as ReleaseOnCancel wants it, then the lease is released.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "of the API server that has the Lease")
	lease := flag.String("lease", "", "the Lease's name, in the namespace default")
	identity := flag.String("identity", "", "this candidate's own")
	duration := flag.Duration("lease-duration", 15*time.Second, "LeaseDuration")
	deadline := flag.Duration("renew-deadline", 10*time.Second, "RenewDeadline")
	period := flag.Duration("retry-period", 2*time.Second, "RetryPeriod")
	api := flag.String("api", "", "address of the signer's API")
	rpc := flag.String("rpc", "", "address of the daemon's RPC")
	login := flag.String("login", "", "user:password of the daemon's RPC")
	flag.Parse()

	rest, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	client, err := kubernetes.NewForConfig(rest)
	must(err)
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Name: *lease, Namespace: "default"},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: *identity},
	}
	release := make(chan os.Signal, 1)
	signal.Notify(release, syscall.SIGUSR1)
	for {
		made := start(flag.Args(), *api, *rpc, *login)
		ctx, cancel := context.WithCancel(context.Background())
		say("waiting")
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: *duration, RenewDeadline: *deadline, RetryPeriod: *period, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(led context.Context) {
					say("acquired")
					made.activate(*api)
					select {
					case <-made.ended:
					case <-release:
					case <-led.Done():
					}
					made.kill()
					say("released")
					cancel()
				},
				OnStoppedLeading: func() {},
			},
		})
		cancel()
		made.kill()
		time.Sleep(3 * *period) // the other candidate's turn: it looks every period, and up to 1.2 more
	}
}

type signer struct {
	command *exec.Cmd
	ended   chan struct{}
}

// start starts the signer and tells it its coin, which does not make it sign.
func start(words []string, api, rpc, login string) *signer {
	made := &signer{command: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	made.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	began := make(chan error)
	go func() {
		runtime.LockOSThread() // the signer dies with the thread that started it
		began <- made.command.Start()
		_ = made.command.Wait()
		close(made.ended)
	}()
	must(<-began)
	coin := fmt.Sprintf(`{"method":"addcoin","newcoin":"KMD","rpchost":%q,"userpass":%q}`, rpc, login)
	for post(api, coin) != nil {
		time.Sleep(20 * time.Millisecond)
	}
	return made
}

func (made *signer) activate(api string) { _ = post(api, `{"method":"dpow","symbol":"KMD"}`) }

func (made *signer) kill() {
	_ = made.command.Process.Kill()
	<-made.ended
}

func post(api, body string) error {
	answer, err := http.Post("http://"+api+"/", "application/json", strings.NewReader(body))
	if err == nil {
		_ = answer.Body.Close()
	}
	return err
}

func say(event string) {
	var now unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_BOOTTIME, &now))
	line, err := json.Marshal(map[string]any{"event": event, "stamp": now.Nano()})
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
