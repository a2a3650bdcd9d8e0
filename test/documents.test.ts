import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

describe('docs/github.md', () => {
  const document = read('docs/github.md')

  test('says of each error of the sync what mends it', () => {
    const folder = 'src/github'
    const source = readdirSync(new URL(folder, root)).map((file) => read(`${folder}/${file}`))
    const made = source.join('\n').matchAll(/(?:\bcode: |new Failed\()'([a-z_]+)'/g)
    const codes = new Set([...made].map(([, code]) => code))
    const [, table = ''] = /\| `error\.code` \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(document) ?? []
    const cells = table.split('\n').map((row) => row.split('|')[1] ?? '')
    const told = cells.flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code))
    expect(codes.size).toBeGreaterThan(10)
    expect(told.sort()).toEqual([...codes].sort())
  })
})
