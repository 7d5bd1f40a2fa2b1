// Owns the build of an author's module into a component: one program, started by `tidemill plugin build`.
//
// The only argument is JSON: {project, source, world, wit, about, uses, backend, tools, out}. Steps are told on stdout, one JSON
// object a line: {"step"}, at last {"done"} or {"error": {file, line, column, detail, help}}. Knows nothing of how tools are found.
import { createRequire } from 'node:module';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { bundle } from './bundle.mjs';
import { BuildError } from './error.mjs';

const told = JSON.parse(process.argv[2]);
told.about.version ??= await readFile(join(told.project, 'package.json'), 'utf8').then((text) => JSON.parse(text).version, () => '0.1.0');
const say = (line) => console.log(JSON.stringify(line));

/** A package of the author's project, or of the folder of tools. */
async function load(name) {
  const folder = join(told.tools, 'node_modules', name);
  const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  // Some packages are for `import` only, which `require.resolve` does not find.
  const entry = about.exports?.import ?? createRequire(join(told.tools, 'package.json')).resolve(name);
  return import(pathToFileURL(resolve(folder, entry)));
}

async function componentize(code, path) {
  if (told.backend === 'starlingmonkey') {
    const { componentize } = await load('@bytecodealliance/componentize-js');
    const { component } = await componentize({
      sourcePath: path,
      witPath: told.wit,
      worldName: told.world,
      disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
    });
    return component;
  }
  const { componentize } = await load('componentize-qjs');
  const { component } = await componentize({
    jsSource: code,
    jsPath: path,
    moduleRoot: dirname(path),
    witPath: told.wit,
    world: told.world,
    sync: true,
    stubWasi: true,
  });
  return component;
}

try {
  say({ step: 'bundling' });
  const path = join(told.project, '.tidemill/build/bundle.js');
  await mkdir(dirname(path), { recursive: true });
  await mkdir(dirname(told.out), { recursive: true });
  const { code, where } = await bundle(told, await load('rolldown'));
  await writeFile(path, code);
  say({ step: 'making the component' });
  let component;
  try {
    component = await componentize(code, path);
  } catch (error) {
    throw BuildError.ofStart(error, where, told.source);
  }
  await writeFile(told.out, component);
  say({ done: component.length });
} catch (error) {
  const known = error instanceof BuildError;
  say({ error: known ? error : { detail: error.stack ?? String(error) } });
  process.exitCode = 1;
}
