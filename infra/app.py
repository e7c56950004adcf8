"""What `cdk` runs: settings in, one stack out. Needs no credentials, account or region."""

from __future__ import annotations

import os
import sys

from aws_cdk import App, aws_lambda as lambda_
from aws_cdk.region_info import RegionInfo

from infra import bundle
from infra.config import Config, ConfigError, check_partition
from infra.stack import TransferStack


def main() -> None:
    """Synthesize; a wrong setting ends it with its sentence and status 1."""
    app = App()
    try:
        config = Config.from_context(app.node.get_all_context())
        # The CDK CLI sets this to the region that it is going to deploy to, if it knows it.
        region = os.environ.get("CDK_DEFAULT_REGION")
        if region and (partition := RegionInfo.get(region).partition):
            check_partition(f"The region {region}", partition)
        target = bundle.LOCAL if config.is_local else bundle.AWS
        with bundle.assembled(target, logo=config.brand_logo) as folder:
            TransferStack(app, "Sidestep", config=config, code=lambda_.Code.from_asset(str(folder)))
            app.synth()
    except (ConfigError, bundle.BundleError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
