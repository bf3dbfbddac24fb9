package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

type kind int

const (
	claim kind = iota // an epoch is claimed
	enter             // a daemon begins to execute a call
	leave             // and has executed it
)

// unclaimed stands for an epoch that nobody ever claims, and for none.
const unclaimed int64 = -1

type input struct {
	what  kind
	epoch int64
}

// state: the highest epoch claimed, the highest one executed for, and how many of that one's calls are being executed.
type state struct {
	claimed, signing int64
	running          int
}

// epochMutex lets a call begin only for the epoch of the calls being executed, or for a higher one when none is.
func epochMutex(from state) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return from },
		Step: func(before, in, _ any) (bool, any) { return step(before.(state), in.(input)) },
		DescribeOperation: func(in, who any) string {
			names := [...]string{"claim", "begin", "end"}
			return fmt.Sprintf("%s %#x (%v)", names[in.(input).what], in.(input).epoch, who)
		},
		DescribeState: func(now any) string {
			it := now.(state)
			return fmt.Sprintf("claimed %#x, %d calls of %#x", it.claimed, it.running, it.signing)
		},
	}
}

func step(now state, in input) (bool, state) {
	switch in.what {
	case claim:
		legal := in.epoch > now.claimed
		now.claimed = in.epoch
		return legal, now
	case enter:
		free := in.epoch == now.signing || in.epoch > now.signing && now.running == 0
		legal := in.epoch != unclaimed && in.epoch <= now.claimed && free
		now.signing = in.epoch
		now.running++
		return legal, now
	default:
		legal := in.epoch == now.signing && now.running > 0
		now.running--
		return legal, now
	}
}

// after is the one state that a legal chunk of a history leaves, whatever the order of what was concurrent.
func after(before state, items []item) state {
	for _, it := range items {
		if it.operations[0].Input.(input).what == claim {
			before.claimed = max(before.claimed, it.epoch)
		} else {
			before.signing = max(before.signing, it.epoch)
		}
	}
	return before
}
