import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventually, type Synced, startSynced } from './synced-service.ts'

const NAMES_IN_URLS = [
  '.',
  '..',
  '%2e',
  '.%2E',
  '%2E%2e',
  '/',
  '//',
  '../..',
  './',
  'a/../b',
  'a/b',
  '\\',
  '..\\',
  '?',
  '#',
  '%',
  '%2f',
]

/**
 * A label's name is part of a request's path, whatever it holds: no other label may go, and no
 * other path be called.
 */
describe('a label whose name means something in a URL', () => {
  test('is removed, and no other label', async () => {
    const synced = await startSynced()
    for (const [index, name] of NAMES_IN_URLS.entries())
      await expectRemoved(
        synced,
        index + 1,
        ['stays', 'a/b'].filter((other) => other !== name),
        [name, 'goes too'],
      )
    expect(
      synced.github.requests.writes().filter(({ status }) => status === undefined || status >= 300),
    ).toEqual([])
  })

  test('stays for lack of rights, and the task says so', async () => {
    const { github, create, sync, put } = await startSynced()
    const { id } = await create({ title: 'a', labels: ['..', 'x'] })
    github.setRights('pull')
    await put(id, { labels: [] })
    await eventually(async () =>
      expect((await sync(id)).error).toMatchObject({ code: 'labels_dropped' }),
    )
    expect(github.issue(1)?.labels).toHaveLength(2)
  })

  test('any names: what is removed here is removed there, and nothing else', async () => {
    const synced = await startSynced()
    let number = 0
    await fc.assert(
      fc.asyncProperty(anyNames, anyNames, async (kept, removed) => {
        number += 1
        await expectRemoved(synced, number, kept, removed)
      }),
      {
        numRuns: 20,
        examples: [
          [['.'], ['..']],
          [['a'], ['/', '//', '%2e']],
        ],
      },
    )
  })
})

const piece = fc.oneof(
  fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    '%',
    '%2e',
    '%2F',
    '?',
    '#',
    '&',
    ' ',
    ':',
    ';',
    '@',
    '{name}',
    '*',
    "'",
    'é',
    '🎉',
    'a',
    'B',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }),
)

/**
 * Labels as a task takes them, told apart as GitHub does: whatever their case, without spaces
 * around.
 */
const anyNames = fc.uniqueArray(
  fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => [...pieces.join('').replaceAll('\0', '')].slice(0, 50).join(''))
    .filter((name) => keyOf(name) !== ''),
  { minLength: 1, maxLength: 5, selector: (name) => keyOf(name) },
)
const keyOf = (name: string): string =>
  name
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .toLowerCase()

const expectRemoved = async (
  { github, create, put, linked }: Synced,
  number: number,
  kept: readonly string[],
  names: readonly string[],
): Promise<void> => {
  const keptKeys = kept.map(keyOf)
  const removed = names.filter((name) => !keptKeys.includes(keyOf(name)) && keyOf(name) !== 'hers')
  const { id } = await create({ title: 'a', labels: [...kept, ...removed] })
  github.as('alice').label(number, 'hers')
  await put(id, { labels: kept })
  await linked(id)
  const there = github.issue(number)?.labels.map(({ name }) => keyOf(name))
  expect(there?.sort()).toEqual([...new Set([...keptKeys, 'hers'])].sort())
}
