// Runs the local GitHub as a process of its own, on Node 20 as well, which cannot run TypeScript by itself:
//   node test/github/local-github/run.mjs '{"port": 4000, "control": 4001}'
// For a script of one's own: import './typescript.mjs', then `await import('…/local-github.ts')`.
import './typescript.mjs'

const { runLocalGithub } = await import('./standalone.ts')
await runLocalGithub(JSON.parse(process.argv[2] ?? '{}'))
