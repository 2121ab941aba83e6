"""Bodies that no well-behaved client sends: the body, the status of the answer and a part of its sentence."""

import json

_DEEP = b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = {
    "no JSON": (b"hello", 400, "not valid JSON"),
    "cut off": (b'{"inputs": "a', 400, "not valid JSON"),
    "no UTF-8": (b'{"inputs": "\xff"}', 400, "not valid UTF-8"),
    "UTF-16": ('{"inputs": "a"}'.encode("utf-16"), 400, "not valid UTF-8"),
    "nested deeply": (_DEEP, 400, "nested too deeply"),
    "NaN": (b'{"inputs": "a", "parameters": {"top_k": NaN}}', 400, "NaN is not a JSON number"),
    "a number of 10,000 digits": (b'{"inputs": ' + b"9" * 10_000 + b"}", 400, "not valid JSON"),
    "no object": (b'["a"]', 422, "Expected a JSON object"),
    "no inputs": (b'{"text": "a"}', 422, '"inputs" is missing'),
    "null": (b'{"inputs": null}', 422, "found null"),
    "a number": (b'{"inputs": 1e999}', 422, "found a number"),
    "a list of numbers": (b'{"inputs": [[1]]}', 422, "found a"),
    "no texts": (b'{"inputs": []}', 400, "holds no text"),
    "a blank text": (b'{"inputs": " \\n\\u2003"}', 400, "Text 1 is empty"),
    "half a surrogate pair": (b'{"inputs": "bad \\ud800"}', 422, "surrogate pair at position 4"),
    "10,000 texts": (json.dumps({"inputs": [["a"]] * 10_000}).encode(), 413, "at most 8 texts"),
}
