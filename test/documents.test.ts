import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { VARIABLES, type Variable } from '#src/config-variables.ts'

const root = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const filesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`)

const toRow = ({ name, fallback, about, isSecret }: Variable): string => {
  const value = fallback === '' ? '' : `\`${fallback}\``
  return `| \`${name}\` | ${value} | ${about}${isSecret ? `; or \`${name}_FILE\`, a file that holds it` : ''} |`
}

test.each([
  { path: 'README.md', isOfGithub: false },
  { path: 'docs/github.md', isOfGithub: true },
])(
  '$path has a row for each variable that is its own, as the service reads it',
  ({ path, isOfGithub }) => {
    const variables = VARIABLES.filter(({ name }) => name.startsWith('GITHUB_') === isOfGithub)
    expect(read(path)).toContain(
      `\n| variable | default | |\n|---|---|---|\n${variables.map(toRow).join('\n')}\n\n`,
    )
  },
)

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  ...filesIn('docs'),
  ...filesIn('docs/decisions'),
]

/** What a heading is called in a link, as GitHub does it. */
const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

const anchorsOf = (path: string): string[] =>
  [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => toAnchor(heading))

test.each(DOCUMENTS)('%s links to nothing that is not there', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const isBroken = ([, target = '', anchor]: RegExpMatchArray): boolean => {
    const url = target === '' ? new URL(path, root) : new URL(target, new URL(path, root))
    if (!existsSync(url)) return true
    return (
      anchor !== undefined && !anchorsOf(url.pathname.slice(root.pathname.length)).includes(anchor)
    )
  }
  expect(links.filter(isBroken).map(([link]) => link)).toEqual([])
})

describe('docs/github.md', () => {
  const document = read('docs/github.md')

  test('says of each error of the sync what mends it', () => {
    const folder = 'src/github'
    const files = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts'),
    )
    const source = files.map((file) => read(`${folder}/${file}`))
    const made = source.join('\n').matchAll(/(?:\bcode: |new TransientFailure\()'([a-z_]+)'/g)
    const codes = new Set([...made].map(([, code]) => code))
    const [, table = ''] = /\| `error\.code` \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(document) ?? []
    const cells = table.split('\n').map((row) => row.split('|')[1] ?? '')
    const told = cells.flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code))
    expect(codes.size).toBeGreaterThan(10)
    expect(told.sort()).toEqual([...codes].sort())
  })
})
