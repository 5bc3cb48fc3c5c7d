"""The server answers its own page only."""

import http.client
import json
import threading

import pytest

from hardneg import ConfigError
from hardneg.core import verdicts
from hardneg.review import open_server


def ask(server, path="", method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sent = {"Origin": f"http://127.0.0.1:{server.port}", "Content-Type": "application/json"}
    if method == "GET":
        sent = {}
    sent.update({name.replace("_", "-"): value for name, value in headers.items() if value is not None})
    for name in [name for name, value in headers.items() if value is None]:
        sent.pop(name.replace("_", "-"), None)
    connection.request(method, f"/{server.token}/{path}", body, sent)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def judgment(server, verdict="relevant", judge="anna", number=0):
    item = server.session._queue.items[number]
    content = {"query_id": item.query_id, "doc_id": item.doc_id, "verdict": verdict, "judge": judge}
    return json.dumps(content)


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.token in server.url and len(server.token) >= 20


def test_the_page_comes_with_a_strict_policy(server):
    answer, content = ask(server)
    assert answer.status == 200 and b"<main>" in content
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Content_Type": "text/plain"}, 404),
        ({"Content_Length": "99999999"}, 413),
        ({"Content_Length": "-1"}, 400),
    ],
)
def test_judgments_from_other_pages_are_refused(server, change, status):
    answer, _ = ask(server, "judge", "POST", judgment(server), **change)
    assert answer.status == status
    assert not server.session.path.exists()


def test_pages_of_another_name_may_not_read(server):
    assert ask(server, Host="evil.example")[0].status == 403
    assert ask(server, "state?judge=a", Origin="http://evil.example")[0].status == 403


def test_the_token_is_needed(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in ("/", "/wrong/", f"/{server.token[:-1]}/", "/%00/"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 404 and b"<main>" not in answer.read()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ('{"query_id": "q", "doc_id": "d", "verdict": "relevant", "judge": "a"}', 422),
        ('{"query_id": ["q"], "doc_id": {}, "verdict": "relevant", "judge": "a"}', 422),
    ],
)
def test_what_is_no_judgment_is_refused(server, body, status):
    assert ask(server, "judge", "POST", body)[0].status == status
    assert not server.session.path.exists()


@pytest.mark.parametrize("change", [{"verdict": "maybe"}, {"judge": " "}, {"judge": "x" * 99}, {"judge": 7}])
def test_a_judgment_needs_a_name_and_a_known_verdict(server, change):
    content = {**json.loads(judgment(server)), **change}
    assert ask(server, "judge", "POST", json.dumps(content))[0].status == 422


def test_a_judgment_is_on_disk_before_the_answer(server):
    answer, content = ask(server, "judge", "POST", judgment(server, "not_relevant"))
    state = json.loads(content)
    assert answer.status == 200 and state["judged"] == 1 and state["counts"]["not_relevant"] == 1
    [judged] = verdicts.read(server.session.path)
    assert (judged.verdict, judged.judge) == ("not_relevant", "anna") and judged.time.endswith("+00:00")
    assert state["last"] == list(judged.pair)


def test_what_is_counted_is_what_the_buttons_say(server):
    state = json.loads(ask(server, "judge", "POST", judgment(server, "unsure"))[1])
    assert state["counts"] == {"relevant": 0, "not_relevant": 0, "unsure": 1}


def test_a_tab_that_is_none_is_refused(server):
    assert ask(server, "state?judge=anna&tab=positives")[0].status == 404
    body = json.dumps({**json.loads(judgment(server)), "tab": "positives"})
    assert ask(server, "judge", "POST", body)[0].status == 422
    assert not server.session.path.exists()


def test_undo_brings_the_candidate_back(server):
    first = json.loads(ask(server, "state?judge=anna")[1])["items"][0]
    ask(server, "judge", "POST", judgment(server))
    state = json.loads(ask(server, "judge", "POST", judgment(server, "withdrawn"))[1])
    assert state["items"][0] == first and state["judged"] == 0 and state["last"] is None
    assert verdicts.read(server.session.path) == []


def test_two_judges_each_have_their_own_queue_and_an_agreement(server):
    for number, verdict in enumerate(("relevant", "not_relevant")):
        ask(server, "judge", "POST", judgment(server, verdict, "anna", number))
    state = json.loads(ask(server, "state?judge=boris")[1])
    assert state["judged"] == 0 and state["judges"] == {"anna": 2}
    for number, verdict in enumerate(("relevant", "not_relevant")):
        content = ask(server, "judge", "POST", judgment(server, verdict, "boris", number))[1]
    assert json.loads(content)["agreements"] == [{"judges": ["anna", "boris"], "both": 2, "kappa": 1.0}]


def test_many_judgments_at_once_are_all_kept(server):
    def send(number):
        ask(server, "judge", "POST", judgment(server, judge=f"judge {number}", number=number % 5))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(verdicts.read(server.session.path)) == 16


def test_a_port_that_is_taken_is_refused(server, run, collection):
    with pytest.raises(ConfigError, match=r"cannot listen on port \d+.*choose another --port"):
        open_server(run, collection, port=server.port)


def test_two_reviews_of_one_run_keep_all_judgments(server, run, collection):
    with open_server(run, collection, judge="boris", port=0) as other:
        threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        assert [item.pair for item in other.session._queue.items] == [
            item.pair for item in server.session._queue.items
        ]

        def judge(at, name):
            for number in range(6):
                ask(at, "judge", "POST", judgment(at, judge=name, number=number))

        threads = [threading.Thread(target=judge, args=each) for each in ((server, "anna"), (other, "boris"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in (server, other):
            state = json.loads(ask(one, "state?judge=anna")[1])
            assert state["judges"] == {"anna": 6, "boris": 6} and state["agreements"][0]["both"] == 6
        other.shutdown()
