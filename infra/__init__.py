"""The cloud Sidestep runs in: one CDK stack, the same for AWS and for the local cloud."""
