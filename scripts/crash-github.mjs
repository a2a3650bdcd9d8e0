// Makes tasks while 45 % of the calls to GitHub go wrong and the service is killed every 1.5 s, and counts what is there at the end:
//   npm run crash:github -- --tasks 300 --faults 45 --kill-every 1500 --seed 1 --database-url mongodb://127.0.0.1:27017/crashes
// Without a database it is an SQLite file of its own. Exits with 1 unless each task has the one issue that was opened for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import '../test/github/local-github/typescript.mjs'

const { runCrashes } = await import('../test/github/crash-run.ts')
const { isWhole } = await import('../test/github/crash-figures.ts')

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '300' },
    faults: { type: 'string', default: '45' },
    'kill-every': { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '1200' },
    'database-url': { type: 'string' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'crash-github-'))
try {
  const run = await runCrashes({
    tasks: Number(values.tasks),
    faultRate: Number(values.faults) / 100,
    killEveryMs: Number(values['kill-every']),
    seed: Number(values.seed),
    databaseUrl: values['database-url'] ?? `sqlite:${join(folder, 'tasks.db')}`,
    folder,
    patienceMs: Number(values.patience) * 1000,
  })
  console.log(JSON.stringify(run, null, 2))
  if (!isWhole(run, Number(values.tasks))) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
