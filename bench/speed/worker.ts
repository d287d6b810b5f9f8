/** One bench in a process of its own: no other bench's heap or compiled code is in the way. Arguments: name, sizes as JSON. */
import { BENCHES } from "./benches.ts";
import type { Sizes } from "./timing.ts";

const [name, sizes] = process.argv.slice(2);
process.send!(await BENCHES[name](JSON.parse(sizes) as Sizes));
// Monitors and threads may be alive.
process.disconnect();
