"""All rules, by the names under which a refusal is reported."""

from __future__ import annotations

from . import continuity, domain, engine
from .resource import Rule

RULES = (
    Rule(name="elected-region", purpose="Candidates stand in the elected region", one=domain.in_elected_region),
    Rule(name="shards-apart", purpose="Main and 3P are kept apart", one=domain.shards_apart),
    Rule(name="release-images", purpose="Original images, by digest", one=domain.images_of_the_release),
    Rule(name="dedicated-nodes", purpose="Notaries have nodes of their own", one=domain.on_dedicated_nodes),
    Rule(name="no-public-rpc", purpose="No wallet's RPC is public", one=domain.no_public_rpc),
    Rule(name="data-not-replaced", purpose="Data is never replaced", one=engine.data_never_replaced),
    Rule(name="data-not-deleted", purpose="Data goes by name alone", all=engine.data_never_deleted),
    Rule(name="fixed-clusters", purpose="Clusters are known by a fixed name", one=engine.clusters_are_fixed),
    Rule(name="explicit-providers", purpose="No default provider", one=engine.no_default_providers),
    Rule(
        name="no-plain-secrets",
        purpose="Nothing secret in plain",
        one=engine.nothing_secret_in_plain,
        all=engine.outputs_in_plain,
    ),
    Rule(name="quorum", purpose="The ensemble keeps its majority", one=continuity.quorum_kept),
    Rule(
        name="candidates-in-turn",
        purpose="Never all candidates of a duty at once",
        all=continuity.candidates_in_turn,
    ),
)
