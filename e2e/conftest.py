"""One local cloud and one browser for the run; a fresh context, and eyes on everything it does, for each test."""

import json
import os
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from e2e.cloud import DEPLOYED, PATIENCE_SECONDS, ROOT, Cloud, DeployedCloud, LocalCloud, local_cloud, origin_of
from e2e.disclosure import addresses_with_secrets
from e2e.listening import listening
from infra.steps import find_browser

# Playwright's own five seconds are about what sending 17 MiB once more takes a busy machine.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)

RESULTS = ROOT / "test-results"
# The password of all who have accounts.
EVERYBODYS = "Correct-horse-9"
# Chromium calls home at every start otherwise, which the tests count as a request to a third origin.
QUIET = ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def discreet_cloud(work: Path, *settings: str) -> Generator[LocalCloud]:
    """Start a local cloud that says as much as it ever does, and see at the end that it has told no secret."""
    with local_cloud(work, "log_level=DEBUG", *settings) as started:
        yield started
        assert started.disclosed() == []


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return the local cloud of this run, or the stack that is already running.

    `SIDESTEP_CLOUD` names the work folder of a local cloud, `E2E_ADDRESS` the address of a deployed stack, which the
    credentials and the region of the environment must lead to.
    """
    running = os.environ.get("SIDESTEP_CLOUD")
    if DEPLOYED:
        deployed = DeployedCloud.found(DEPLOYED)
        if deployed.settings.upload_access == "cognito":
            pytest.exit("The tests sign in by a passphrase, and people have accounts at this address.")
        if deployed.settings.upload_access == "passphrase":
            deployed.sign_in()
        yield deployed
        return
    if running:
        yield LocalCloud.running(Path(running))
        return
    # All tests are one sender to it, and a long run of chaos begins more transfers than a day allows one by default.
    many = (f"{name}=1000000" for name in ("max_transfers_per_day", "max_transfers_per_day_per_sender"))
    with discreet_cloud(tmp_path_factory.mktemp("cloud"), *many) as started:
        yield started


@pytest.fixture(scope="session")
def closed_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return a second local cloud, which asks senders for a passphrase."""
    with discreet_cloud(tmp_path_factory.mktemp("closed"), "upload_access=passphrase") as started:
        yield started


@pytest.fixture(scope="session")
def passphrase(closed_cloud: Cloud) -> str:
    """Return what that deployment has made."""
    secret = closed_cloud.client("secretsmanager").get_secret_value(SecretId=closed_cloud.outputs["Passphrase"])
    return secret["SecretString"]


@pytest.fixture(scope="session")
def cloud_of_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return a third local cloud, which knows Alice, Bob and the operator Olga."""
    with discreet_cloud(tmp_path_factory.mktemp("accounts"), "upload_access=cognito") as started:
        pools, pool = started.client("cognito-idp"), started.outputs["UserPool"]
        for name in ("alice", "bob", "olga"):
            mail = f"{name}@example.com"
            pools.admin_create_user(
                UserPoolId=pool,
                Username=mail,
                UserAttributes=[{"Name": "email", "Value": mail}, {"Name": "email_verified", "Value": "true"}],
                MessageAction="SUPPRESS",
            )
            pools.admin_set_user_password(UserPoolId=pool, Username=mail, Password=EVERYBODYS, Permanent=True)
        pools.admin_add_user_to_group(UserPoolId=pool, Username="olga@example.com", GroupName="operators")
        yield started


@pytest.fixture(scope="session")
def mailbox(cloud: Cloud) -> Iterator[str]:
    """Return a queue that hears what the operator's mailbox would."""
    with listening(cloud, cloud.outputs["Alarms"]) as queue:
        yield queue


@pytest.fixture(scope="session")
def marker(cloud: Cloud) -> Iterator[str]:
    """Send a bad event and return its marker: links gives up on it after three tries, a minute later.

    The deployed queue allows ten tries in 20 minutes, which no test should wait for.
    """
    sqs, arrivals = cloud.client("sqs"), cloud.outputs["Arrivals"]
    told = ["RedrivePolicy", "VisibilityTimeout"]
    deployed = sqs.get_queue_attributes(QueueUrl=arrivals, AttributeNames=told)["Attributes"]
    policy = {**json.loads(deployed["RedrivePolicy"]), "maxReceiveCount": 3}
    quicker = {"VisibilityTimeout": "30", "RedrivePolicy": json.dumps(policy)}
    sqs.set_queue_attributes(QueueUrl=arrivals, Attributes=quicker)
    mark = f"bad-{os.urandom(8).hex()}"
    body = json.dumps({"Records": [{"eventSource": "aws:s3", "marker": mark}]})
    sqs.send_message(QueueUrl=arrivals, MessageBody=body)
    yield mark
    sqs.set_queue_attributes(QueueUrl=arrivals, Attributes={name: deployed[name] for name in told})


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Return Chromium; if the deployed stack under test needs a passphrase, all its contexts are signed in."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(), args=[*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        if DEPLOYED:
            sign_in_contexts(launched, request.getfixturevalue("cloud"))
        yield launched
        launched.close()


def sign_in_contexts(browser: Browser, cloud: Cloud) -> None:
    """Start each new context of a browser with the session of the tests' own requests."""
    plain = browser.new_context
    name, _, value = cloud.sender.get("Cookie", "").partition("=")

    def signed_in(**options: Any) -> BrowserContext:
        context = plain(**options)
        if name:
            context.add_cookies([{"name": name, "value": value, "url": cloud.address}])
        return context

    browser.new_context = signed_in


@dataclass
class Watch:
    """What a page did that it should not: errors on the console, and requests to a third origin.

    Neither requests nor the devtools' network events are listened to: each would carry the body of every part along.
    """

    complaints: list[str] = field(default_factory=list[str])
    forgiven: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]])

    def forgive(self, pattern: str) -> None:
        """Expect complaints like this one, in a test that provokes them."""
        self.forgiven.append(re.compile(pattern))

    def attach(self, page: Page) -> None:
        """Watch a page."""
        page.add_init_script("performance.setResourceTimingBufferSize(10000)")
        page.on("console", self._heard)
        page.on("pageerror", self._threw)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _threw(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")

    def unforgiven(self) -> list[str]:
        """Return the complaints that no test expected."""
        return [said for said in self.complaints if not any(pattern.search(said) for pattern in self.forgiven)]


def addresses_asked(page: Page) -> list[str]:
    """Return the addresses from which a page has loaded anything."""
    urls: list[str] = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    return [url for url in urls if url.startswith("http")]


def asked_what_it_may(page: Page, cloud: Cloud) -> None:
    """Fail if a page has asked a third origin for anything, or told a secret in an address of the app's."""
    asked = addresses_asked(page)
    assert set(map(origin_of, asked)) <= cloud.origins
    assert addresses_with_secrets(asked, cloud.address) == []


@pytest.fixture
def watch() -> Watch:
    """Return the eyes on this test's pages."""
    return Watch()


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Return a clean browser context; a failing test leaves a trace and a screenshot in test-results/."""
    made = browser.new_context(accept_downloads=True)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    made.set_default_timeout(30_000)
    made.tracing.start(screenshots=True, snapshots=True)
    yield made
    if request.node.stash.get(FAILED, False):
        name = re.sub(r"\W+", "-", request.node.name)[:80]
        RESULTS.mkdir(exist_ok=True)
        for number, page in enumerate(made.pages):
            page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)
        made.tracing.stop(path=RESULTS / f"{name}.zip")
    made.close()


@pytest.fixture
def page(context: BrowserContext, cloud: Cloud, watch: Watch) -> Iterator[Page]:
    """Return the upload page; afterwards nothing may have been complained of, and no third origin asked."""
    opened = context.new_page()
    watch.attach(opened)
    opened.goto(cloud.address)
    yield opened
    assert watch.unforgiven() == []
    asked_what_it_may(opened, cloud)


@pytest.fixture
def recipient(browser: Browser, watch: Watch) -> Iterator[Page]:
    """Return a page in another, clean browser context."""
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    watch.attach(page)
    yield page
    context.close()


# Fixtures that start a local cloud with other settings, or need something only a local cloud has.
OWN_CLOUDS = {"closed_cloud", "cloud_of_accounts"}


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of tests that can run against any deployment: they touch only what they have sent."""
    config.addinivalue_line("markers", "any_deployment: can also run against the deployed stack at E2E_ADDRESS")


def why_local(item: pytest.Item) -> str:
    """Return why a test cannot run against a deployed stack, or "" if it can.

    Only marked tests can: others break things on purpose, as the local cloud's administrator.
    """
    own = OWN_CLOUDS & set(getattr(item, "fixturenames", ()))
    if own:
        return f"needs a local cloud with other settings ({', '.join(sorted(own))})"
    return "" if item.get_closest_marker("any_deployment") else "needs the local cloud"


LOCAL_ONLY = pytest.StashKey[Counter[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """If a deployed stack is tested, leave out the tests that need the local cloud."""
    if not DEPLOYED:
        return
    reasons = {item: why_local(item) for item in items}
    left_out = [item for item, why in reasons.items() if why]
    items[:] = [item for item, why in reasons.items() if not why]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LOCAL_ONLY] = Counter(why for why in reasons.values() if why)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say which tests were left out, and why."""
    return [f"{count} tests left out: {why}" for why, count in config.stash.get(LOCAL_ONLY, Counter()).items()]


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember failures for the fixtures, and show what the local cloud said."""
    report: Any = yield
    if report.failed:
        item.stash[FAILED] = True
        cloud: Cloud | None = getattr(item, "funcargs", {}).get("cloud")
        if isinstance(cloud, LocalCloud):
            lines = cloud.log().splitlines()[-60:]
            report.sections.append(("local cloud", "\n".join(lines)))
    return report
