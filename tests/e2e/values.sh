#!/usr/bin/env bash
# values.sh - one definition with everything that makes values of texts, over a small dirty file and one in UTF-16, as a
# batch and as a stream. What must come out is worked out by Python: unicodedata, zoneinfo, decimal, urllib.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
broker_start
mkdir -p "$scratch/in" "$scratch/truth" "$scratch/def"

story "Python draws the files and works out what must come of them"
python3 - "$scratch" <<'PYTHON' || die "the truth was not made"
import csv, datetime as D, decimal, hashlib, os, random, sys, unicodedata as U, urllib.parse, zoneinfo
at = sys.argv[1]
random.seed(20241027)
UTC, ROME, NEW_YORK = D.timezone.utc, zoneinfo.ZoneInfo("Europe/Rome"), zoneinfo.ZoneInfo("America/New_York")
EPOCH = D.datetime(1970, 1, 1, tzinfo=UTC)

NAMES = ["Cafe\u0301 Zu\u0308rich", "Stra\u00dfe", "\u00c5ngstr\u00f6m", "o'brien", "  two \u00a0 blanks ", "\ufb01let", "\u039a\u03cd\u03c0\u03c1\u03bf\u03c2",
         "plain", "", "\U0001f600 smile", "a name that is longer than twenty", "\u0141\u00f3d\u017a", "\u30ab\u30bf\u30ab\u30ca", "semi;colon \"quoted\""]
COUNTRIES = {"Deutschland": "DE", "GERMANIA": "DE", "EIRE": "IE", "U.K.": "GB", "usa": "US", "Stati Uniti": "US", "Italia": "IT",
             "O\u0308sterreich": "AT", "C\u00f4te d\u2019Ivoire": "CI", "FRA": "FR", "ch": "CH", "Unspecified": "", "Channel Islands": "", "": ""}
SEXES = {"Maschio": "M", "Femmina": "F", "M": "M", "F": "F", "n.d.": "", "x": "?", "": "?"}
MONEY = [("\u20ac 1.234,50", "1234.50", "EUR"), ("-12,00 EUR", "-12.00", "EUR"), ("$5", "5.00", "USD"), ("(7,25 USD)", "-7.25", "USD"),
         ("1\u00a0234,5", None, None), ("12,50 Euro", "12.50", "EUR"), ("\u00a3 3,10", "3.10", "GBP"), ("kr 5", None, None), ("9.99 EUR", None, None),
         ("USD 0,005", None, None), ("", "", ""), ("EUR", None, None)]
NUMBERS = ["1.5e3", "-2E-2", "12", "7.25e0", "1e-5", "1e400", "e5", "0e9", "", "123456789.1234"]
URLS = ["/s?q=red+shoes&p=2", "/s?q=caf%C3%A9#top", "/s?p=1", "/s?q=&x=1", "/s?q=100%&q=2", ""]
WALLS = ["2024-10-27 02:30:00", "2024-03-31 02:30:00", "2024-07-01 12:00:00", "1944-07-01 00:00:00", "2060-07-01 00:00:00", "2024-02-30 00:00:00", ""]
MOMENTS = ["2024-10-27T02:30:00Z", "2024-12-30T23:30:00+01:00", "2024-10-27T02:30:00", "20250101T0000", "2024-12-31", "yesterday", "2060-01-01T00:00:00.5-05", ""]

def decimal_text(text, scale):  # None: it does not fit; "" NULL
    if text == "": return ""
    try: d = decimal.Decimal(text)
    except decimal.InvalidOperation: return None
    scaled = d.scaleb(scale)
    if abs(d) > 2**62 or scaled != scaled.to_integral_value(): return None
    return f"{d:.{scale}f}"

def wall_to_utc(wall):  # fold 0: the earlier of two; before a gap the offset still holds
    return wall.replace(tzinfo=ROME, fold=0).astimezone(UTC)

def wall_read(text):
    if text == "": return ""
    try: return wall_to_utc(D.datetime.strptime(text, "%Y-%m-%d %H:%M:%S"))
    except ValueError: return None

def moment_read(text):
    if text == "": return ""
    for form in "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z":
        try: return D.datetime.strptime(text + ("00" if text[-3] in "+-" else ""), form).replace(microsecond=0).astimezone(UTC)
        except ValueError: pass
    for form in "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M", "%Y-%m-%d":
        try: return wall_to_utc(D.datetime.strptime(text, form))
        except ValueError: pass
    return None

def stamp(t): return t and t.strftime("%Y-%m-%d %H:%M:%S")
def capital(c): return c.upper() if len(c.upper()) == 1 or c == "\u00df" else c  # one character for one, but SS
def bare(text): return U.normalize("NFC", "".join(c for c in U.normalize("NFD", text) if U.category(c)[0] != "M"))

records, out, wrong, warned = [], [], [], []
for number in range(1, 401):
    name, country, sex, url = (random.choice(list(x)) for x in (NAMES, COUNTRIES, SEXES, URLS))
    price, amount, currency = random.choice(MONEY)
    number_text, wall, moment = random.choice(NUMBERS), random.choice(WALLS), random.choice(MOMENTS)
    line = number + 1
    records.append([number, name, country, sex, price, number_text, wall, moment, url])
    value, opened, closed = decimal_text(number_text, 4), wall_read(wall), moment_read(moment)
    found = []
    nfc = U.normalize("NFC", name)
    if len(nfc) > 20: found.append((1, "short_name", "name_nfc", ""))
    if opened and closed and opened > closed: found.append((2, "order", "closed", moment))
    for column, text, read in ("price", price, amount), ("number", number_text, value), ("opened", wall, opened), ("closed", moment, closed):
        if read is None: found.append((4, "type", column, text))
    code = COUNTRIES[country]
    if code and code not in ("DE", "IT", "US", "AT", "FR"): warned.append([line, "known_country", code and ""])
    if found:
        wrong += [[line, column, rule, ordinal, text] for ordinal, rule, column, text in found]
        continue
    rome = closed and closed.astimezone(ROME)
    week = rome and rome.isocalendar()
    days = (closed.date() - opened.date()).days if opened and closed else ""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, keep_blank_values=True).get("q", [""])[0] if url else ""
    empty = name == ""
    out.append([number, nfc, "" if empty else nfc.casefold(), "" if empty else bare(name), "" if empty else " ".join(name.split()), "" if empty else "".join(capital(c) for c in nfc),
                "" if empty else U.normalize("NFKC", name), "" if empty else hashlib.sha256(name.encode()).hexdigest(), "" if empty else len(nfc), code, SEXES[sex], amount, currency, value,
                stamp(opened), stamp(closed), rome and rome.strftime("%Y-%m-%d"), opened and opened.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M:%S"),
                week and week[0] * 100 + week[1], rome and (rome.month + 2) // 3, days, query])

titles = ["id", "name", "country", "sex", "price", "number", "opened", "closed", "url"]
with open(at + "/in/dirty.csv", "w", encoding="utf-8", newline="") as f:
    csv.writer(f, delimiter=";", lineterminator="\r\n").writerows([titles] + records)
assert 60 < len(out) < 340 and len(wrong) > 60 and len(warned) > 20, (len(out), len(wrong), len(warned))
columns = ["id", "nfc", "folded", "bare", "tidy", "capitals", "nfkc", "digest", "letters", "code", "sex", "price", "currency", "number", "opened", "closed", "rome_day",
           "new_york", "week", "quarter", "days", "query"]
def truth(name, head, rows):
    with open(f"{at}/truth/{name}.csv", "w", encoding="utf-8", newline="") as f: csv.writer(f, lineterminator="\n").writerows([head] + rows)
truth("out", columns, out)
truth("wrong", ["line", "c", "rule", "ordinal", "value"], wrong)
truth("warned", ["line", "rule", "value"], warned)

# UTF-16 with a byte order mark; positions are of the file's own bytes, and half of a pair is no character.
text = "id,name\r\n1,\u20ac \U0001f600\r\n2,\"two\r\nlines\"\r\n"
raw = b"\xff\xfe" + text.encode("utf-16-le")
third = len(raw)
raw += "3,".encode("utf-16-le") + b"\x3d\xd8" + "\r\n4,\u017c\r\n".encode("utf-16-le")
open(at + "/in/wide.txt", "wb").write(raw)
offset = lambda upto: 2 + len(text[:upto].encode("utf-16-le"))
truth("wide_rows", ["id", "name", "_byte_offset"], [[1, "\u20ac \U0001f600", offset(9)], [2, "two\r\nlines", offset(text.index("2,"))], [4, "\u017c", third + 10]])
truth("wide_wrong", ["line", "byte_offset", "rule"], [[5, third, "format"]])
truth("wide_file", ["bytes", "lines"], [[len(raw), 6]])
open(at + "/def/codes.txt", "w").write("DE\nIT\nUS\nAT\nFR\n")
open(at + "/def/sexes.csv", "w").write("title,code\nMaschio,M\nFemmina,F\nM,M\nF,F\nn.d.,\n")
PYTHON

cat >"$scratch/def/values.json" <<'JSON'
{"pipeline": "values", "version": 1,
 "maps": {"sex": {"file": "sexes.csv", "key": "title", "value": "code"}},
 "sources": [
  {"name": "dirty", "format": "csv", "glob": "dirty.csv", "delimiter": ";",
   "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}, {"name": "country", "type": "text"}, {"name": "sex", "type": "text"},
    {"name": "price", "type": "decimal", "scale": 2, "decimal_point": ",", "thousands": ".", "currency": "any", "currency_column": "currency"},
    {"name": "number", "type": "decimal", "scale": 4, "exponent": true},
    {"name": "opened", "type": "timestamp", "format": "%F %T", "zone": "Europe/Rome", "ambiguous": "earlier"},
    {"name": "closed", "type": "timestamp", "format": "iso8601", "zone": "Europe/Rome", "ambiguous": "earlier"},
    {"name": "url", "type": "text"}],
   "derive": [{"name": "name_nfc", "expr": "normalize(name)"}, {"name": "code", "expr": "country(country)"},
    {"name": "rome_day", "expr": "date(in_zone(closed, 'Europe/Rome'))"}],
   "rules": [{"rule": "length", "name": "short_name", "column": "name_nfc", "max": 20},
    {"rule": "date_order", "name": "order", "columns": ["opened", "closed"]},
    {"rule": "in", "name": "known_country", "column": "code", "file": "codes.txt", "severity": "warn"}]},
  {"name": "wide", "format": "csv", "glob": "wide.txt", "encoding": "utf-16", "on_bad_encoding": "reject",
   "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]}],
 "tables": [{"name": "rows", "from": "dirty"}, {"name": "wide", "from": "wide"}],
 "views": [
  {"name": "wrong", "sql": "SELECT line, \"column\" AS c, rule, ordinal, value FROM quarantine WHERE source = 'dirty'"},
  {"name": "warned", "sql": "SELECT line, rule, value FROM warnings"},
  {"name": "wide_rows", "sql": "SELECT id, name, _byte_offset FROM wide"},
  {"name": "wide_wrong", "sql": "SELECT line, byte_offset, rule FROM quarantine WHERE source = 'wide'"},
  {"name": "wide_file", "sql": "SELECT bytes, lines FROM files WHERE source = 'wide'"},
  {"name": "out", "sql": "SELECT id, name_nfc AS nfc, folded, bare, tidy, capitals, nfkc, digest, letters, code, sex_code AS sex, decimal(price, 2) AS price, currency, decimal(number, 4) AS number, opened, closed, rome_day, new_york, week, quarter, days, query FROM rows"}]}
JSON
python3 - "$scratch/def/values.json" <<'PYTHON'
import json, sys
definition = json.load(open(sys.argv[1]))
definition["sources"][0]["derive"] += [{"name": n, "expr": e} for n, e in {
    "folded": "fold_case(name_nfc)", "bare": "strip_accents(name)", "tidy": "collapse_blanks(name)", "capitals": "upper(name_nfc, 'unicode')",
    "nfkc": "normalize(name, 'NFKC')", "digest": "hash(name)", "letters": "length(name_nfc)", "sex_code": "lookup(sex, 'sex', '?')",
    "new_york": "in_zone(opened, 'America/New_York')", "week": "iso_year(rome_day) * 100 + iso_week(rome_day)", "quarter": "quarter(rome_day)",
    "days": "days_between(opened, closed)", "query": "query_value(url, 'q')"}.items()]
json.dump(definition, open(sys.argv[1], "w"))
PYTHON

story "a batch gives what Python gives"
"$MILLRACE" etl run "$scratch/def/values.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err" || die "$(cat "$scratch/err")"
"$MILLRACE" warehouse check "$scratch/batch.db" "$scratch/truth" >"$scratch/out" || fail "batch: $(grep -A8 DIFFERENT "$scratch/out")"

story "a stream of three partitions, in any order, gives the same tables"
"$MILLRACE" stream publish "$scratch/def/values.json" --in "$scratch/in" --bootstrap "$bootstrap" --partitions 3 --shuffle 7 2>"$scratch/err" &&
    timeout 60 "$MILLRACE" stream run "$scratch/def/values.json" --db "$scratch/stream.db" --bootstrap "$bootstrap" --workers 2 \
        >"$scratch/out" 2>"$scratch/err" || fail "stream: $(cat "$scratch/err")"
"$MILLRACE" warehouse compare "$scratch/batch.db" "$scratch/stream.db" >"$scratch/out" || fail "$(head -5 "$scratch/out")"

story "another list beside the definition is another definition"
echo CI >>"$scratch/def/codes.txt"
timeout 60 "$MILLRACE" stream run "$scratch/def/values.json" --db "$scratch/stream.db" --bootstrap "$bootstrap" >"$scratch/out" 2>"$scratch/err" &&
    fail "a stream went on with another list"
grep -qi definition "$scratch/err" || fail "no word of the definition: $(cat "$scratch/err")"

story "UTF-16 without its mark"
tail -c +3 "$scratch/in/wide.txt" >"$scratch/bare" && mv "$scratch/bare" "$scratch/in/wide.txt"
"$MILLRACE" etl run "$scratch/def/values.json" --in "$scratch/in" --db "$scratch/batch.db" 2>"$scratch/err" && fail "no byte order mark, and no error"
grep -q 'wide.txt: has no byte order mark, which "utf-16" needs' "$scratch/err" || fail "$(cat "$scratch/err")"
done_testing
