"""What Mozilla's HTTP Observatory makes of the server.

    python -m tests.observatory PATH/TO/scan.js

The scanner is no part of this project. Get it with `npm install --ignore-scripts @mdn/mdn-http-observatory` in a
folder of its own, write {} into its conf/hsts-preload.json, and name its src/scan.js. It wants openssl and the ports
443 and 80 of this machine, which mostly root alone may open. Nothing leaves the machine: a program before the scanner
makes board.example this machine.

Exit code 0 is an A+; what it looks at is held by tests/web/test_headers.py too, without it.
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from forecasts.cli import listen
from forecasts.clock import SystemClock
from forecasts.database import Database
from forecasts.settings import Settings
from forecasts.wire import configured
from web.app import create

NAME = "board.example"
LOOKUP = """
const dns = require("dns"), real = dns.lookup
dns.lookup = (host, options, done) => {
  if (host !== "board.example") return real(host, options, done)
  const all = options && options.all
  process.nextTick(all ? () => done(null, [{ address: "127.0.0.1", family: 4 }]) : () => done(null, "127.0.0.1", 4))
}
"""
MOVED = f"HTTP/1.1 301 Moved Permanently\r\nLocation: https://{NAME}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def proxy(port: int, folder: Path) -> None:
    """Speak TLS before the server, and lead there from http."""

    async def pump(reader: StreamReader, writer: StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
        writer.close()

    async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        forth.write(head[:-2] + b"X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n")
        await asyncio.gather(pump(reader, forth), pump(back, writer), return_exceptions=True)

    async def lead(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(MOVED.encode())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    await asyncio.start_server(pass_on, "127.0.0.1", 443, ssl=context)
    await asyncio.start_server(lead, "127.0.0.1", 80)
    await asyncio.Event().wait()


def scan(scanner: str, folder: Path) -> dict[str, object]:
    """Certify the name, start server and proxy, and let the scanner look."""
    words = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -addext"
    certify = ["openssl", *words.split(), f"subjectAltName=DNS:{NAME}", "-subj", f"/CN={NAME}"]
    subprocess.run(certify, cwd=folder, check=True, capture_output=True)
    (folder / "lookup.cjs").write_text(LOOKUP)
    url, listener = f"sqlite:///{folder / 'board.db'}", listen("127.0.0.1", 0)
    database = Database(url, SystemClock())
    database.prepare()
    settings = Settings(database_url=url, base_url=f"https://{NAME}", trusted_proxies="127.0.0.1")
    server = uvicorn.Server(configured(create(settings, database)))
    port = listener.getsockname()[1]
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    threading.Thread(target=asyncio.run, args=[proxy(port, folder)], daemon=True).start()
    environment = {
        "NODE_EXTRA_CA_CERTS": str(folder / "cert.pem"),
        "NODE_OPTIONS": f"--require {folder / 'lookup.cjs'}",
    }
    command = ["node", scanner, NAME]
    said = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False).stdout
    server.should_exit = True
    found: dict[str, object] = json.loads(said)
    return found


def main() -> None:
    """Print the grade and each test's result."""
    with TemporaryDirectory() as folder:
        found = scan(str(Path(sys.argv[1]).resolve()), Path(folder))
    print(json.dumps({name: found.get(name) for name in ("error", "tests")}, indent=2))
    graded = found.get("scan")
    grade = graded["grade"] if isinstance(graded, dict) else None
    print(f"Grade: {grade}")
    raise SystemExit(grade != "A+")


if __name__ == "__main__":
    main()
