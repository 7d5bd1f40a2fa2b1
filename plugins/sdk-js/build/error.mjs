// Owns what is wrong with an author's module while it is built: where, what, and what to do.

export class BuildError extends Error {
  constructor({ file, line, column, detail, help }) {
    super(detail);
    Object.assign(this, { file, line, column, detail, help });
  }

  toJSON() {
    const { file, line, column, detail, help } = this;
    return { file, line, column, detail, help };
  }

  /** The bundler's complaint. */
  static ofBundler(error, relative) {
    const first = error.errors?.[0] ?? error;
    if (first instanceof BuildError) return first;
    const cause = first.cause instanceof BuildError ? first.cause : undefined;
    if (cause !== undefined) return cause;
    const { file, line, column } = first.loc ?? {};
    const message = String(first.message ?? error);
    const detail = message.split('\n')[0].replace(/^\[\w+\] /, '');
    const missing = first.code === 'UNRESOLVED_IMPORT' && /'([^'.][^']*)'/.exec(detail);
    const help = missing ? `npm install ${missing[1]}` : /Help: (.*)/.exec(message)?.[1];
    return new BuildError({ file: file && relative(file), line, column, detail, help });
  }

  /** The author's module ran for the first time, and threw. `where` finds a line of the bundle in the author's files. */
  static ofStart(error, where, source) {
    const text = String(error.message ?? error);
    const places = [...text.matchAll(/bundle\.js:(\d+)/g)].map(([, line]) => where(Number(line)));
    const place = places.find((found) => found !== undefined && !found.file.startsWith('@tidemill/sdk/'));
    const detail = text.replace(/^[^]*module evaluation: (Error: )?/, '').split('\n    at ')[0].trim();
    return new BuildError({ file: place?.file ?? source, line: place?.line, detail });
  }
}
