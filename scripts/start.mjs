// `npm start`: builds if something has changed since the last build, then becomes the service.
import { build, isCurrent } from './dist.mjs'

if (!isCurrent() && !(await build())) process.exit(1)
await import('../dist/cli.js')
