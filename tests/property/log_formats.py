"""log_formats.py - Apache's LogFormat and nginx's log_format as layouts. Part of the reference interpreter."""

import re

COMMON_TIME = "%d/%b/%Y:%H:%M:%S %z"
APACHE = {"h": "client", "l": "ident", "u": "user", "r": "request", "m": "method", "H": "protocol", "U": "path", "q": "query", "s": "status",
          "b": "bytes", "B": "bytes", "I": "bytes_in", "O": "bytes_out", "v": "site", "V": "site", "p": "port", "T": "duration_s", "D": "duration_us",
          "a": "client_address", "A": "local_address", "f": "file", "R": "handler", "P": "process", "L": "log_id", "k": "requests_before",
          "X": "connection", "U%q": "target"}  # fmt: skip
BRACED = {"i": "", "o": "sent_", "C": "cookie_", "e": "env_", "n": "note_"}
NGINX = {"remote_addr": "client", "remote_user": "user", "request_method": "method", "request_uri": "target", "server_protocol": "protocol", "uri": "path",
         "args": "query", "body_bytes_sent": "bytes", "request_length": "bytes_in", "bytes_sent": "bytes_out", "host": "site", "server_name": "site",
         "server_port": "port", "request_time": "duration_s"}  # fmt: skip
NGINX_TIMES = {"time_local": COMMON_TIME, "time_iso8601": "%FT%T%z", "msec": "%s.%f"}
NGINX_BEFORE = {"sent_http_": "sent_", "http_": "", "cookie_": "cookie_"}
DIRECTIVE = re.compile(r"%[!0-9,<>]*(?:\{([^}]*)\})?(U%q|.)")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def plain(name):
    name = re.sub("[^a-z0-9]", "_", name.lower())
    return "agent" if name == "user_agent" else name


class Translation:
    def __init__(self, text):
        self.names, self.time = [], None
        marker = min((text.find(c), c) for c in "%$" if c in text)[1]
        text = re.sub(r"""\\(["'\\])""", r"\1", text)
        made = "%r" in text or re.search(r"\$request\b|\$\{request\}", text)
        self.names += ["method", "target", "protocol"] if made else []
        parts, at = [], 0
        for m in (DIRECTIVE if marker == "%" else VARIABLE).finditer(text):
            parts += [text[at : m.start()].replace("{", "{{"), self.apache(m[1], m[2]) if marker == "%" else self.nginx(m[1] or m[2])]
            at = m.end()
        self.layout = "".join(parts) + text[at:].replace("{", "{{")

    def field(self, name, pattern=None):
        own, n = name, 2
        while own in self.names:
            own, n = f"{name}_{n}", n + 1
        self.names.append(own)
        self.time = self.time or pattern
        return "{" + own + "}"

    def apache(self, inside, letter):
        if letter == "t" and inside is None:
            return "[" + self.field("time", COMMON_TIME) + "]"
        if letter == "t":
            return self.field("time", "%s" if inside == "sec" else inside)
        if letter == "T" and inside:
            return self.field("duration_" + inside)
        return self.field(BRACED[letter] + plain(inside) if inside else APACHE[letter])

    def nginx(self, variable):
        if variable in NGINX_TIMES:
            return self.field("time", NGINX_TIMES[variable])
        before = next((p for p in NGINX_BEFORE if variable.startswith(p)), None)
        return self.field(NGINX.get(variable) or (NGINX_BEFORE[before] + plain(variable[len(before) :]) if before else plain(variable)))


def with_layout(source):
    """The source with the layout that its log_format stands for, and how its time is written."""
    if "log_format" not in source:
        return source
    t = Translation(source["log_format"])
    return source | {"layout": t.layout, "log_time": t.time}
