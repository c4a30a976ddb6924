"""draw.py - random definitions that use all of the language; what was drawn is counted.

`draw_definition(rng, cover, changing)` gives the definition and the files that stand beside it, by name. A definition is drawn
to be valid: one that the program refuses is a finding too, about the program, the documentation or this file.
"""

from draw_outputs import Outputs
from draw_rules import Rules
from draw_sources import Sources
from draw_tables import Tables
from expression import MAPS, compile_expression
from interpret import BUILT_IN, declared
from records import with_dialect


def types_of(source):
    return {s["name"]: (s["type"], s.get("scale", 0)) for s in declared(with_dialect(source))} | BUILT_IN


class Definitions(Sources, Rules, Tables, Outputs):
    def draw(self):
        definition = {"pipeline": "drawn", "version": 1}
        self.option(definition, "topic", 0.1, "another")  # the commands name one
        self.maps(definition)
        if self.chance(0.35):
            self.cover("format", "several sources")
            feeds = self.several()
            definition["sources"] = [source for source, _ in feeds.values()]
        else:
            feeds = {"drawn": self.complete(self.source("*", "p"))}
            source = dict(feeds["drawn"][0])
            definition["derive"], definition["rules"] = source.pop("derive"), source.pop("rules")
            definition["source"] = source
        definition["tables"] = self.tables(feeds)
        if self.chance(0.35):
            definition["views"], definition["outputs"] = self.outputs(self.made)
        return definition

    def source(self, prefix, letter):
        draw = self.pick([self.csv_source] * 3 + [self.log_source] * 2 + [self.ndjson_source, self.json_source, self.xml_source,
                                                                       self.sqlite_source])  # fmt: skip
        source = draw(prefix, letter)
        self.cover("format", source["format"])
        return source

    def several(self):
        """Two or three; the others sometimes another dialect of the first, for a store of both."""
        feeds, first = {}, None
        for i in range(self.rng.randint(2, 3)):
            source = self.source(f"q{i}*", None)
            if first and self.chance(0.6):
                source = self.variant(first, f"q{i}*") | {"derive": first["derive"]}
            name = self.pick(["n", "z", "a"]) + str(i)
            feeds[name] = self.complete(source | {"name": name})
            first = first or feeds[name][0]
        return feeds

    def complete(self, source):
        """Adds derive, rules and time; gives (source, types)."""
        types = types_of(source)
        if "derive" not in source:
            source["derive"] = self.derived(types)
        for d in source["derive"]:
            types[d["name"]] = compile_expression(d["expr"], types)[0]
        if source.get("time") not in types:
            source.pop("time", None)
        self.event_time(source, types)
        source["rules"] = self.rules(types)
        return source, types

    def maps(self, definition):
        MAPS.clear()
        if self.chance(0.3):
            MAPS["m"] = self.pick([{"a": "A", "b": None, "x-1": "ä", "7": "sieben"}, {"a": 1, "b": 20, "7": -3, "0": None}])
            definition["maps"] = dict(MAPS)
            self.cover("option", "maps")
            if self.chance(0.4):
                self.beside["map.csv"] = "key;other;name\na;;Ah\nb;;\"B \"\"\"\n7;;\n"
                definition["maps"]["f"] = {"file": "map.csv", "delimiter": ";", "key": "key", "value": "name"}
                MAPS["f"] = {"a": "Ah", "b": 'B "', "7": ""}
                self.cover("option", "maps.file")


def draw_definition(rng, cover, changing=False):
    d = Definitions(rng, cover)
    d.changing = changing
    return d.draw(), d.beside
