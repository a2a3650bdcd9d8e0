import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('docs/performance.md and its plot show the figures of docs/performance.json', () => {
  const script = "import { isTrue } from './bench/document.mjs'; console.log(isTrue())"
  const options = { cwd: new URL('..', import.meta.url), encoding: 'utf8' } as const
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], options).trim()).toBe('true')
})
