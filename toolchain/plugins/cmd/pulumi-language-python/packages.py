"""Print, as JSON, the plugin every installed Pulumi package says it needs."""

import importlib.metadata
import json

plugins = []
seen = set()
for package in importlib.metadata.distributions():
    name = (package.metadata["Name"] or "").lower()
    # A shadowed copy further down sys.path is never imported.
    if name in seen:
        continue
    seen.add(name)
    for file in package.files or []:
        if file.name != "pulumi-plugin.json" or len(file.parts) != 2:
            continue
        plugin = json.loads(package.locate_file(file).read_text())
        if plugin.get("resource"):
            plugin.setdefault("name", file.parts[0].removeprefix("pulumi_").replace("_", "-"))
            plugin.setdefault("version", package.version)
            plugins.append({key: plugin[key] for key in ("name", "version", "server") if key in plugin})
print(json.dumps(plugins))
