"""The policy pack: rules that a plan must hold to, run by `fleet preview --policies` and the engine's --policy-pack."""
