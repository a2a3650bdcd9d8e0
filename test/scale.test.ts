import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url)

const run = (...args: string[]): string =>
  execFileSync(process.execPath, ['scripts/scale-model.mjs', ...args], { cwd: root, encoding: 'utf8' }).trim()

test('docs/scale.md shows what its model computes', () => {
  const doc = readFileSync(new URL('docs/scale.md', root), 'utf8')
  const tables = run().split('\n\n')
  expect(tables).toHaveLength(2)
  for (const table of tables) expect(doc).toContain(table)
})

test('the model grows with what it is asked for', () => {
  const serversOf = (...args: string[]): number =>
    Number(
      run(...args)
        .match(/(\d[\d,]*) \|$/)?.[1]
        ?.replaceAll(',', ''),
    )
  const few = serversOf('--tasks', '1e6', '--writes-per-second', '100')
  expect(few).toBe(3)
  expect(serversOf('--tasks', '1e8', '--writes-per-second', '20000')).toBeGreaterThan(few)
  expect(serversOf('--tasks', '1e10')).toBeGreaterThan(100)
})
