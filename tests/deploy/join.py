"""Joins a course of the demo server that has printed this JSON line, and exits with 1 if it may not."""

import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

demo = json.loads(Path(sys.argv[1]).read_text().splitlines()[0])
connection = http.client.HTTPConnection(urlsplit(demo["rest"]).netloc, timeout=10)
headers = {"Authorization": f"Bearer {demo['tokens']['7']}"}
connection.request("POST", "/api/v2/course/1/join/", headers=headers)
status = connection.getresponse().status
sys.exit(None if status == 200 else f"joining was answered with {status}")
