// Bundles css/ and js/ into crm/static/dist: hashed names, manifest.json, and .gz/.br beside each file.
// `node build.mjs` builds once, `node build.mjs --watch` builds again on every change.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const web = dirname(fileURLToPath(import.meta.url));
const dist = join(web, "..", "crm", "static", "dist");
const watch = process.argv.includes("--watch");

const bundles = {
  // theme.js is classic and blocks: the page must never flash in the wrong colours.
  classic: { entryPoints: ["js/theme.js"], format: "iife" },
  // No splitting: what the entries share is 100 bytes, a chunk would cost every page one request more.
  modules: {
    entryPoints: [
      "css/app.css", "css/dev.css", "css/docs.css", "css/calendar.css",
      "js/main.js", "js/import.js", "js/documents.js", "js/docs.js",
      "js/calendar.js", "js/kanban.js", "js/contacts.js",
    ],
    format: "esm",
  },
};

const shared = {
  absWorkingDir: web,
  outdir: dist,
  bundle: true,
  minify: !watch,
  metafile: true,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  // The first browsers with light-dark(); see docs/decisions for the reason.
  target: ["chrome123", "firefox125", "safari17.5"],
  legalComments: "linked",
  logLevel: "warning",
};

/** One <symbol> per name in icons.txt; stroke and fill come from `.icon` in the CSS. */
function sprite() {
  const names = readFileSync(join(web, "icons.txt"), "utf8").split("\n").map((line) => line.trim());
  const symbols = names.filter((name) => name && !name.startsWith("#")).map(symbol);
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function symbol(name) {
  const file = join(web, "node_modules/lucide-static/icons", `${name}.svg`);
  const shapes = readFileSync(file, "utf8").replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
}

/** Writes a file that esbuild does not make under a hashed name; returns that name. */
function writeHashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const hashed = name.replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(join(dist, hashed), content);
  return hashed;
}

function compress(name) {
  const content = readFileSync(join(dist, name));
  const quality = watch ? 4 : 11;
  writeFileSync(join(dist, `${name}.gz`), gzipSync(content, { level: 9 }));
  writeFileSync(
    join(dist, `${name}.br`),
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
  );
}

/** Source name -> built name, for entries, fonts, the sprite and the favicon. */
function manifestOf(results) {
  const manifest = {};
  for (const { metafile } of results) {
    for (const [path, output] of Object.entries(metafile.outputs)) {
      const built = basename(path);
      if (output.entryPoint) manifest[basename(output.entryPoint)] = built;
      if (extname(path) === ".woff2") manifest[built.replace(/-[A-Z0-9]{8}(?=\.woff2$)/, "")] = built;
    }
  }
  manifest["icons.svg"] = writeHashed("icons.svg", sprite());
  manifest["favicon.svg"] = writeHashed("favicon.svg", readFileSync(join(web, "favicon.svg")));
  return manifest;
}

async function build() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const results = await Promise.all(
    Object.values(bundles).map((bundle) => esbuild.build({ ...shared, ...bundle })),
  );
  const manifest = manifestOf(results);
  for (const name of readdirSync(dist)) {
    if (/\.(css|js|svg)$/.test(name)) compress(name);
  }
  // Last, because the server takes this file as the sign that everything else is there.
  writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

await build();

if (watch) {
  const { watch: changes } = await import("node:fs/promises");
  const rebuild = () => build().then(() => console.log("built"), (error) => console.error(error.message));
  let timer;
  for await (const _ of changes(web, { recursive: true })) {
    clearTimeout(timer);
    timer = setTimeout(rebuild, 80);
  }
}
