/** How many streams are open: all of them, or those of the mount at `path`; `undefined` if there is none at it. */
export function streams(path?: string): number | undefined;
