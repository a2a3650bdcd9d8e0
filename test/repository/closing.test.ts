import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFolder } from '../start-app.ts'

const OPEN = new URL('../../dist/repository/sqlite/open.js', import.meta.url)
const TASK = new URL('../../dist/task/task.js', import.meta.url)

/** Runs a script on a repository of its own, in a process that nothing else keeps alive. */
const run = (
  lines: readonly string[],
): { status: number | null; stdout: string; stderr: string } => {
  const folder = createFolder()
  const script = join(folder, 'script.mjs')
  const [path, source, table] = [join(folder, 'tasks.db'), OPEN.href, TASK.href].map((text) =>
    JSON.stringify(text),
  )
  const opening = [
    `import { openSqliteRepository } from ${source}`,
    `import { TASK } from ${table}`,
    `const repository = openSqliteRepository(${path}, TASK)`,
  ]
  writeFileSync(script, [...opening, ...lines].join('\n'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stdout, stderr }
}

const CLOSED = { status: 0, stdout: 'closed\n', stderr: '' }

test('closing comes to its end, and the process with it, with reads under way', () => {
  const lines = [
    `const reading = repository.tasks.history('x', 0, 9, 1000)`,
    'await repository.close()',
    'await reading',
    `console.log('closed')`,
  ]
  expect(run(lines)).toEqual(CLOSED)
})

test('closing comes to its end, and the process with it, after reads', () => {
  expect(
    run([
      `await repository.tasks.history('x', 0, 9, 1000)`,
      'await repository.close()',
      `console.log('closed')`,
    ]),
  ).toEqual(CLOSED)
})

test('closing comes to its end, and the process with it, without any read', () => {
  expect(run(['await repository.close()', `console.log('closed')`])).toEqual(CLOSED)
})
