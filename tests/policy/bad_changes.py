"""Bad changes of the shipped mainnet, each with the rule that must refuse it and words of its sentence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

from policy.rules.resource import Resource
from tests.policy.world import World

SET = "StatefulSet eu-west-alice-eu-main-kmd"
DATA_SERVICE = "Service eu-west-alice-eu-main-kmd"
CONFIG = "ConfigMap eu-west-alice-eu-main-kmd-config"
PEM = "-----BEGIN EC PRIVATE KEY-----\nabc\n"
WIF = "UvPXmpTsEkYHCnvQ6PhtZ5sXxEhtCWPtTKsCtqbKzRHbXyrCwSyR"  # a made-up one: of the form alone

Change = Callable[[World], object]
BAD: list[tuple[str, str, Change]] = []  # rule, what its sentence must hold, the change


def bad(name: str, *said: str) -> Callable[[Change], Change]:
    """A change that the rule must refuse, and words that its sentence must have."""

    def add(change: Change) -> Change:
        BAD.extend((name, text, change) for text in said)
        return change

    return add


@bad(
    "elected-region",
    "alice-eu is elected in EU",
    "which is in NA",
    "Take na-east out of the candidates of alice-eu.main",
)
def a_daemon_in_another_elected_region(world: World) -> None:
    world.move(SET, "na-east")


@bad("elected-region", "elected in NA, and its signer would run in eu-west, which is in EU")
def a_notary_that_is_said_to_be_elected_elsewhere(world: World) -> None:
    world.values["notaries"]["alice-eu"]["electedRegion"] = "NA"


@bad("shards-apart", "may land on a node of the notary's other shard", "anti-affinity")
def a_pod_without_its_affinity(world: World) -> None:
    del world.pod(SET)["affinity"]


@bad("shards-apart", "alice-eu.main in eu-west")
def a_pod_that_keeps_off_its_own_shard_alone(world: World) -> None:
    affinity = world.pod(SET)["affinity"]["podAntiAffinity"]
    affinity["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"]["matchExpressions"] = []


@bad("release-images", "runs registry.example.net/komodod:v0.9.2, which can change under its tag", "@sha256:<digest>")
def an_image_by_its_tag(world: World) -> None:
    world.pod(SET)["containers"][0]["image"] = "registry.example.net/komodod:v0.9.2"


@bad("release-images", "the release does not name")
def a_gate_that_is_not_the_releases(world: World) -> None:
    world.pod(SET)["initContainers"][0]["image"] = f"elsewhere.example.net/gate@sha256:{'1' * 64}"


@bad("dedicated-nodes", "regions.eu-west a nodeSelector")
def a_pod_on_any_node(world: World) -> None:
    del world.pod(SET)["nodeSelector"]


@bad("no-public-rpc", "would offer port 7443 (gate) to other machines", "ClusterIP")
def a_gate_behind_a_load_balancer(world: World) -> None:
    world.props(DATA_SERVICE)["spec"]["type"] = "LoadBalancer"


@bad("no-public-rpc", "would offer port 7443")
def a_gate_at_an_external_address(world: World) -> None:
    world.props(DATA_SERVICE)["spec"]["externalIPs"] = ["198.51.100.7"]


@bad("no-public-rpc", "RPC of a wallet at 0.0.0.0/0", "127.0.0.1 alone")
def a_conf_that_lets_everybody_in(world: World) -> None:
    data = world.props(CONFIG)["data"]
    data["chain.conf"] = data["chain.conf"].replace("rpcallowip=127.0.0.1", "rpcallowip=0.0.0.0/0")


@bad("no-public-rpc", "RPC of a wallet at 0.0.0.0")
def an_argument_that_binds_everywhere(world: World) -> None:
    world.pod(SET)["containers"][0]["args"].append("-rpcbind=0.0.0.0")


@bad("no-public-rpc", "its node's own addresses")
def a_port_of_the_node(world: World) -> None:
    world.pod(SET)["containers"][0]["ports"][0]["hostPort"] = 7770


@bad(
    "data-not-replaced",
    "carries data and would be replaced, deleted first, because of spec.serviceName",
    "Put that back",
)
def another_service_name(world: World) -> None:
    world.props(SET)["spec"]["serviceName"] = "other"


@bad("data-not-replaced", "because of spec.volumeClaimTemplates")
def a_claim_template_whose_change_counts(world: World) -> None:
    world.props(SET)["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] = "gp2"
    world.after[SET] = replace(world.after[SET], ignored=())


@bad("data-not-replaced", "Namespace eu-west carries data", "metadata.name")
def another_namespace(world: World) -> None:
    key = next(key for key in world.after if key.startswith("Namespace eu-west"))
    world.props(key)["metadata"]["name"] = "elsewhere"
    world.after[key] = replace(world.after[key], name="eu-west")


@bad("data-not-replaced", "its region, eu-west -> eu-central")
def a_set_that_moves(world: World) -> None:
    world.move(SET, "eu-central")


@bad("data-not-deleted", "would be deleted", "--remove eu-west-alice-eu-main-kmd")
def a_chain_that_is_left_out(world: World) -> None:
    del world.after[SET]


@bad("fixed-clusters", "has no cluster_identifier")
def a_provider_without_an_identifier(world: World) -> None:
    world.props("provider eu-west").pop("clusterIdentifier")


@bad("fixed-clusters", "would change from eu-west to other", "regions.eu-west.clusterIdentifier to eu-west")
def another_identifier(world: World) -> None:
    world.props("provider eu-west")["clusterIdentifier"] = "other"


@bad("explicit-providers", "default provider of kubernetes", "pulumi:disable-default-providers")
def an_object_of_the_default_provider(world: World) -> None:
    world.move(SET, "default_4_34_0")


@bad("explicit-providers", "default provider of aws")
def a_default_provider_itself(world: World) -> None:
    world.after["aws"] = Resource(type="pulumi:providers:aws", name="default_7_51_0")


@bad("no-plain-secrets", "output key of notary-mainnet would show a key")
def a_key_in_the_outputs(world: World) -> None:
    world.after["Stack"] = replace(world.after["Stack"], props={"key": PEM})


@bad("no-plain-secrets", "file chain.conf of", "in a Secret")
def a_password_in_a_conf(world: World) -> None:
    world.props(CONFIG)["data"]["chain.conf"] += "rpcpassword=hunter2\n"


@bad("no-plain-secrets", "environment KEY of")
def a_wallet_key_in_the_environment(world: World) -> None:
    world.pod(SET)["containers"][0]["env"].append({"name": "KEY", "value": WIF})


@bad("no-plain-secrets", "arguments of daemon of")
def a_password_in_the_list_of_processes(world: World) -> None:
    world.pod(SET)["containers"][0]["args"].append("-rpcpassword=$(RPC_PASSWORD)")


@bad("no-plain-secrets", "arguments of daemon of")
def a_secret_of_the_stack_in_the_arguments(world: World) -> None:
    world.secrets = ("correct horse battery",)
    world.pod(SET)["containers"][0]["args"].append("-comment=correct horse battery staple")


@bad(
    "quorum", "lose its quorum: of its 5 voters (1, 2, 3, 4, 5) only 1 would stay, and 3 make a majority", "Take away 2"
)
def servers_that_all_get_other_ids(world: World) -> None:
    values = copy.deepcopy(world.values)
    for region, offset in (("eu-west", 10), ("eu-central", 20)):
        servers = values["regions"][region]["ensemble"]["servers"]
        values["regions"][region]["ensemble"]["servers"] = {key + offset: host for key, host in servers.items()}
    world.become(values)


@bad("quorum", "its vote is gone", "Leave replicas at 1")
def a_server_without_a_pod(world: World) -> None:
    world.props("StatefulSet eu-west-zookeeper-2")["spec"]["replicas"] = 0


@bad(
    "candidates-in-turn",
    "all candidates of alice-eu.main (eu-central, eu-west) would stop at once",
    "one region's part first",
)
def both_sides_of_a_duty(world: World) -> None:
    for region in ("eu-west", "eu-central"):
        world.pod(f"StatefulSet {region}-alice-eu-main-kmd")["terminationGracePeriodSeconds"] = 1
