"""The page's side of the socket: what comes at once is heard one by one, in order."""

import json

from playwright.sync_api import Browser, WebSocketRoute

from benches.stack import Stack

LISTEN = """async () => {
  window.heard = [];
  document.addEventListener('realtime', ({ detail }) => heard.push(detail.conversation));
  document.addEventListener('realtime:open', () => heard.push('open'));
  (await import('/static/js/realtime.js')).connect();
}"""


def test_events_that_come_in_one_frame_are_heard_in_order(stack: Stack, browser: Browser):
    def serve(socket: WebSocketRoute) -> None:
        events = [{"kind": "conversation.changed", "conversation": n} for n in range(3)]
        socket.send(json.dumps({"kind": "events", "events": [{"kind": "ready"}, *events]}))
        socket.send(json.dumps({"kind": "conversation.changed", "conversation": 3}))

    page = browser.new_page()
    page.route_web_socket("**/ws/", serve)
    page.goto(f"{stack.url}/accounts/login/")
    page.evaluate(LISTEN)
    page.wait_for_function("() => heard.length === 5")
    assert page.evaluate("() => heard") == ["open", 0, 1, 2, 3]
    page.close()
