"""Sign-in with a real OpenID Connect provider in a real browser: the workspace follows the person, and nobody else."""

import hashlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.workspace import workspace_of
from tests.browser.conftest import ROOT, Server, free_port, settle, start_server
from tests.browser.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.finished import finished

MARKER = "The run of Alice"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that runs in a process of its own."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.browser.oidc_provider", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/keys", timeout=1)
            break
        except OSError:
            time.sleep(0.25)
    yield address
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def shared_server(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shared host with a sign-in."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    secrets = home / "secrets.toml"
    secrets.write_text(
        "[auth]\n"
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"s" * 40}"\n'
        f'client_id = "{CLIENT_ID}"\n'
        f'client_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_MODE", "shared")
        patch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
        running = start_server(home, port)
    yield running
    running.process.kill()
    running.process.wait()


def device(browser: Browser, provider: str, person: str) -> BrowserContext:
    """A browser of a person who has a session at the provider."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "person", "value": person, "url": provider}])
    return context


def open_page(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(f"{server.url}/workspace")
    expect(page.get_by_role("heading", level=1, name="Your data")).to_be_visible()
    settle(page)
    return page


def sign_in(page: Page, server: Server, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(f"Signed in as {name}")).to_be_visible()
    page.goto(f"{server.url}/workspace")
    expect(page.get_by_role("heading", level=1, name="Your data")).to_be_visible()
    settle(page)


@pytest.mark.slow
def test_the_workspace_follows_the_person_and_nobody_else(
    browser: Browser, provider: str, shared_server: Server
) -> None:
    laptop, phone = device(browser, provider, "alice"), device(browser, provider, "alice")
    bob = device(browser, provider, "bob")
    page = open_page(laptop, shared_server)
    expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()
    sign_in(page, shared_server, "Alice")
    name = "visitor-" + hashlib.sha256(f"oidc\n{provider}\nalice".encode()).hexdigest()[:32]
    finished(workspace_of(name, shared_server.home), "binary", MARKER)
    for context in (laptop, phone):
        page = open_page(context, shared_server)
        if context is phone:
            expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()
            sign_in(page, shared_server, "Alice")
        expect(page.get_by_text("This workspace holds 1 dataset, 1 run")).to_be_visible()
        answer = context.request.get(f"{shared_server.url}/takeout")
        assert answer.status == 200
        assert MARKER.encode() in answer.body()
    page = open_page(bob, shared_server)
    sign_in(page, shared_server, "Bob")
    expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()
    assert MARKER not in page.content()
    assert bob.request.get(f"{shared_server.url}/takeout").status == 404
    page = open_page(phone, shared_server)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert phone.request.get(f"{shared_server.url}/takeout").status == 404
    for context in (laptop, phone, bob):
        context.close()
