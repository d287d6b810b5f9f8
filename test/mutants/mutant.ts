/** A mutant: one fault, planted by replacing a text that occurs once in one file. */

/** A fault to plant, and the tests that must notice it. */
export interface Mutant {
  /** What is wrong with it, in plain words. */
  readonly name: string;
  /** The invariant that it breaks, by its number where it has one. */
  readonly breaks: string;
  /** File to change, from the root of the project. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  /** What stands there in the mutant. */
  readonly replace: string;
  /** Test files that are run on it: property, model (generated) or simulation tests. At least one test must fail. */
  readonly killers: readonly string[];
}

/** The source with the fault in it. @throws RangeError when the text does not occur exactly once */
export function plant({ name, file, find, replace }: Mutant, source: string): string {
  const found = source.split(find).length - 1;
  if (found !== 1) throw new RangeError(`"${name}": its text occurs ${found} times in ${file}, not once`);
  return source.replace(find, () => replace);
}
