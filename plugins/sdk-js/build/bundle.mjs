// Owns the one file that an author's module, the SDK and packages become, and the table that finds lines of it again.
//
// The table stands at the end of the bundle (src/build.js reads it), so that exceptions at run time name the author's lines.
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BuildError } from './error.mjs';
import { lines } from './lines.mjs';

const SDK = join(dirname(fileURLToPath(import.meta.url)), '../src');
const ENTRY = '\0tidemill:entry';
/** What of the host may be imported: `log` by every plugin, others are asked for in `uses`. */
const MODULES = ['log', 'meter', 'call', 'state', 'bus', 'server', 'http'];

export async function bundle(told, { rolldown }) {
  const own = (file) => {
    const within = relative(SDK, resolve(told.project, file));
    return within.startsWith('..') ? relative(told.project, resolve(told.project, file)) : `@tidemill/sdk/${within}`;
  };
  try {
    const made = await rolldown({
      input: ENTRY,
      cwd: told.project,
      platform: 'neutral',
      resolve: { mainFields: ['module', 'main'] },
      plugins: [entry(told), sdk(told, own)],
      onLog(level, log) {
        if (log.code === 'UNRESOLVED_IMPORT' || log.code === 'IMPORT_IS_UNDEFINED') throw log;
      },
    });
    const { output } = await made.generate({ format: 'esm', file: 'bundle.js', sourcemap: 'hidden', codeSplitting: false });
    await made.close();
    const [{ code, map }] = output;
    const table = lines(map.mappings);
    const sources = map.sources.map(own);
    const build = { engine: told.backend, file: 'bundle.js', sources, lines: table };
    const where = (line) => {
      const source = table[2 * (line - 1)];
      return source >= 0 ? { file: sources[source], line: table[2 * line - 1] } : undefined;
    };
    return { code: `${code}\nglobalThis.tidemillBuild = ${JSON.stringify(build)};\n`, where };
  } catch (error) {
    throw BuildError.ofBundler(error, own);
  }
}

/** The module that exports what the world asks for. */
function entry({ project, source, about, uses }) {
  const exported = ['manifest', ...about.kinds.map((kind) => (kind === 'event-types' ? 'eventTypes' : kind))];
  if (about.kinds.includes('prompts') || about.kinds.includes('resources')) exported.push('completions');
  if (uses.includes('http')) exported.push('wants');
  const code = `import ${JSON.stringify(join(SDK, 'timeless.js'))};
import * as plugin from ${JSON.stringify(join(project, source))};
import { component } from ${JSON.stringify(join(SDK, 'component.js'))};
import { log } from 'tidemill:plugin/log@0.1.0';
export const { ${exported.join(', ')} } = component(plugin, { ...${JSON.stringify(about)}, log });`;
  return {
    name: 'entry',
    resolveId: (id) => (id === ENTRY ? id : undefined),
    load: (id) => (id === ENTRY ? { code, map: null } : undefined),
  };
}

/** The SDK as it is beside this file, and what of the host it may import. */
function sdk({ uses }, own) {
  return {
    name: 'sdk',
    async resolveId(id, importer) {
      if (id.startsWith('tidemill:') || id.startsWith('host:')) return { id, external: true };
      if (id === '@tidemill/sdk') return join(SDK, 'index.js');
      if (!id.startsWith('@tidemill/sdk/')) return undefined;
      const name = id.slice('@tidemill/sdk/'.length);
      if (!MODULES.includes(name)) {
        throw await at(importer, id, own, `there is no module \`${id}\``, `the modules are ${MODULES.join(', ')}`);
      }
      if (name !== 'log' && !uses.includes(name)) {
        const all = JSON.stringify([...uses, name]);
        throw await at(importer, id, own, `the plugin uses \`${name}\`, which it does not say`, `write uses = ${all} in tidemill-plugin.toml`);
      }
      return join(SDK, `${name}.js`);
    },
  };
}

async function at(importer, id, own, detail, help) {
  const text = await readFile(importer, 'utf8');
  const line = text.slice(0, Math.max(text.indexOf(id), 0)).split('\n').length;
  return new BuildError({ file: own(importer), line, detail, help });
}
