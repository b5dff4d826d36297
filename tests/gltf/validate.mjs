// SPDX-License-Identifier: GPL-3.0-or-later
// Print the Khronos validator's report on one .glb file as JSON.
// Usage: node validate.mjs FOLDER_WITH_NODE_MODULES FILE

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const [folder, file] = process.argv.slice(2);
const validator = createRequire(path.join(folder, "package.json"))("gltf-validator");
const report = await validator.validateBytes(new Uint8Array(await readFile(file)));
console.log(JSON.stringify(report));
