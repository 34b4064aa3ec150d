"""Whether a bill of materials names every crate of standard input, a line "name vVERSION" for each."""

import json
import sys
from pathlib import Path

bill = json.loads(Path(sys.argv[1]).read_text())
parts = [bill["metadata"]["component"], *bill["components"]]
named = {f"{part['name']} v{part['version']}" for part in parts}
crates = {line.strip() for line in sys.stdin}
missing = sorted(crates - named)
print(f"crates: {len(crates)} in the program, {len(missing)} of them not in the bill {missing or ''}")
sys.exit(1 if missing or not crates else 0)
