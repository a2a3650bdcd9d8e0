// `npm run build`: compiles src into dist.
import { build } from './dist.mjs'

process.exitCode = (await build()) ? 0 : 1
