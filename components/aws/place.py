"""Where resources of one region stand: what each of them is given, so that none forgets its provider or its region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from config.plan import FleetPlan, RegionPlan

# Where IAM, which has no regions, is asked; every other resource names its own. Fixed: a provider's change of region
# would be a change of everything that it made.
CONTROL_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One region of the plan, and the one provider of all regions."""

    plan: FleetPlan
    region: RegionPlan
    provider: aws.Provider

    @property
    def name(self) -> str:
        return self.region.name

    @property
    def where(self) -> str:
        """The region's name on AWS."""
        return self.region.made.region.aws_region

    @property
    def account(self) -> str:
        cloud = self.plan.loaded.stack.aws
        return cloud.account if cloud else ""

    @property
    def production(self) -> bool:
        return self.plan.loaded.stack.stage == "production"

    def tags(self, name: str, **more: str) -> dict[str, str]:
        """Tags of a resource, its name among them."""
        return {"Name": f"{self.plan.loaded.name}-{name}", **more}

    def options(
        self, parent: pulumi.Resource, *after: pulumi.Resource, protect: bool = False, retain: bool = False
    ) -> pulumi.ResourceOptions:
        """A resource's own options, with the explicit provider, and nothing of the caller's.

        `protect`: the engine deletes it only once a person has named it. `retain`: it outlives even that.
        """
        return pulumi.ResourceOptions(
            parent=parent,
            provider=self.provider,
            depends_on=[*after],
            protect=protect or None,
            retain_on_delete=retain or None,
        )


def make_provider(plan: FleetPlan, parent: pulumi.Resource) -> aws.Provider:
    """The one provider process of all regions. It refuses any other account than the configured one."""
    cloud = plan.loaded.stack.aws
    return aws.Provider(
        "aws",
        region=CONTROL_REGION,
        allowed_account_ids=[cloud.account] if cloud else [],
        default_tags=aws.ProviderDefaultTagsArgs(tags={"notary-fleet/stack": plan.loaded.name}),
        opts=pulumi.ResourceOptions(parent=parent),
    )
