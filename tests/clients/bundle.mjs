// Programs for browsers that import packages, as one script: the files one after the other, as if they were one module.
//
//   node bundle.mjs <output> <file>...
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [outfile, ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node bundle.mjs <output> <file>...");
  process.exit(2);
}
await build({
  stdin: {
    contents: files.map((file) => readFileSync(file, "utf8")).join("\n"),
    loader: "jsx",
    resolveDir: dirname(fileURLToPath(import.meta.url)),
  },
  outfile,
  bundle: true,
  format: "iife",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
