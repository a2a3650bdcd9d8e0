import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenize } from '#src/core/search.ts'
import type { App } from '#src/http/typed-app.ts'
import { startApp } from '../start-app.ts'
import { create, createAll, expectInvalid, list, send } from './requests.ts'

/** The titles that a search finds, and the same in pages. */
const find = async (app: App, q: string, more = ''): Promise<string[]> => {
  const titles = (await list(app, `?q=${encodeURIComponent(q)}${more}`)).map(({ title }) => title)
  const first = await list(app, `?q=${encodeURIComponent(q)}${more}&limit=1`)
  expect(first.map(({ title }) => title)).toEqual(titles.slice(0, 1))
  return titles
}

test('every word of q begins a word of the title or of the description', async () => {
  const app = await startApp()
  await create(app, { title: 'Renew the certificate', description: 'It ends on Friday' })
  await create(app, { title: 'Friday report' })
  await create(app, { title: 'certain', description: 'renewal' })
  expect(await find(app, 'fri')).toEqual(['Renew the certificate', 'Friday report'])
  expect(await find(app, 'cert renew')).toEqual(['Renew the certificate', 'certain'])
  expect(await find(app, 'renew fri cert')).toEqual(['Renew the certificate'])
  expect(await find(app, 'renew renew')).toEqual(['Renew the certificate', 'certain'])
  expect(await find(app, 'ertificate')).toEqual([])
  expect(await find(app, 'certificates')).toEqual([])
  expect(await find(app, 'friday certain')).toEqual([])
})

test('case, accents and compatibility forms do not matter, neither in the text nor in q', async () => {
  const app = await startApp()
  const titles = [
    'Crème brûlée',
    'CREME',
    'cre\u0300me',
    'ﬁnish',
    'Straße',
    'İstanbul',
    'ΣΊΣΥΦΟΣ',
    'Ｆｕｌｌ',
  ]
  await createAll(
    app,
    titles.map((title) => ({ title })),
  )
  expect(await find(app, 'creme')).toEqual(titles.slice(0, 3))
  expect(await find(app, 'CRÈME')).toEqual(titles.slice(0, 3))
  expect(await find(app, 'Brule')).toEqual(['Crème brûlée'])
  expect(await find(app, 'FIN')).toEqual(['ﬁnish'])
  expect(await find(app, 'strasse')).toEqual(['Straße'])
  expect(await find(app, 'istan')).toEqual(['İstanbul'])
  expect(await find(app, 'σισυφος')).toEqual(['ΣΊΣΥΦΟΣ'])
  expect(await find(app, 'full')).toEqual(['Ｆｕｌｌ'])
})

test('other scripts are searched too', async () => {
  const app = await startApp()
  const titles = ['会議の議事録', 'отчёт за март', 'تقرير الشهر', 'दस्तावेज़', '회의록 작성']
  await createAll(
    app,
    titles.map((title) => ({ title })),
  )
  expect(await find(app, '議事')).toEqual(['会議の議事録'])
  expect(await find(app, 'ОТЧЕТ')).toEqual(['отчёт за март'])
  expect(await find(app, 'الشه')).toEqual(['تقرير الشهر'])
  expect(await find(app, 'दस्त')).toEqual(['दस्तावेज़'])
  expect(await find(app, '회의')).toEqual(['회의록 작성'])
})

test.each<[string, string[]]>([
  ['"alpha', ['alpha beta', 'alpha or beta']],
  ['"alpha or"', ['alpha or beta']],
  ['"beta alpha"', ['alpha beta', 'alpha or beta']],
  ['alp*', ['alpha beta', 'alpha or beta']],
  ['alpha OR gamma', []],
  ['alpha OR beta', ['alpha or beta']],
  ['alpha AND beta', []],
  ['NOT alpha', []],
  ['alpha NOT beta', []],
  ['NEAR(alpha beta)', []],
  ['NEAR(near', ['near and not']],
  ['-alpha', ['alpha beta', 'alpha or beta']],
  ['^beta', ['alpha beta', 'alpha or beta']],
  ['title:alpha', ['title alpha-2']],
  ['{title}: alpha', ['title alpha-2']],
  ['alpha-2', ['title alpha-2']],
  ['alpha + beta', ['alpha beta', 'alpha or beta']],
  ["alpha'; DROP TABLE tasks; --", []],
  ['al%_', ['alpha beta', 'alpha or beta']],
  ['alpha\u0000beta', ['alpha beta', 'alpha or beta']],
])('q=%s is words, never syntax', async (q, expected) => {
  const app = await startApp()
  const titles = ['alpha beta', 'alpha or beta', 'near and not', 'title alpha-2']
  await createAll(
    app,
    titles.map((title) => ({ title })),
  )
  const found = await find(app, q)
  const model = titles.filter((title) =>
    tokenize(q).every((word) => tokenize(title).some((own) => own.startsWith(word))),
  )
  expect(found).toEqual(model)
  expect(found).toEqual(expect.arrayContaining(expected))
  if (expected.length === 0) expect(found).toEqual([])
})

test.each(['', ' ', '%20%20', '"', '*', '-', '()', '%F0%9F%98%80', '...', '%00', '%CC%81'])(
  'q=%s holds no word: 422',
  async (q) => {
    const app = await startApp({ database: 'memory' })
    expect(expectInvalid(await send(app, 'GET', `/tasks?q=${q}`))).toEqual(['#/q'])
  },
)

test('q takes 500 characters and no more', async () => {
  const app = await startApp()
  await create(app, { title: 'a' })
  expect(await find(app, `a ${'a '.repeat(249)}`)).toEqual(['a'])
  expect(await find(app, Array.from({ length: 100 }, (_, index) => `w${index}`).join(' '))).toEqual(
    [],
  )
  expect(expectInvalid(await send(app, 'GET', `/tasks?q=${'a'.repeat(501)}`))).toEqual(['#/q'])
})

test('search follows updates and deletions', async () => {
  const app = await startApp()
  const { id } = await create(app, { title: 'Old name', description: 'first text' })
  const found = async (q: string) => (await find(app, q)).length
  expect([await found('old'), await found('first')]).toEqual([1, 1])
  await send(app, 'PUT', `/tasks/${id}`, { title: 'New name' })
  expect([await found('old'), await found('new'), await found('first')]).toEqual([0, 1, 1])
  await send(app, 'PATCH', `/tasks/${id}`, { description: 'second text' })
  expect([await found('first'), await found('second')]).toEqual([0, 1])
  await send(app, 'POST', `/tasks/${id}/complete`)
  expect([await found('second'), (await find(app, 'second', '&status=completed')).length]).toEqual([
    1, 1,
  ])
  await send(app, 'DELETE', `/tasks/${id}`)
  expect([await found('name'), await found('second')]).toEqual([0, 0])
})

test('search is sorted and filtered as any list', async () => {
  const app = await startApp()
  await create(app, { title: 'task c', priority: 'high', labels: ['x'] })
  await create(app, { title: 'task a', priority: 'low', labels: ['x'] })
  await create(app, { title: 'task b', priority: 'high' })
  expect(await find(app, 'task', '&sort=title')).toEqual(['task a', 'task b', 'task c'])
  expect(await find(app, 'task', '&sort=-priority')).toEqual(['task b', 'task c', 'task a'])
  expect(await find(app, 'task', '&label=x&sort=-title')).toEqual(['task c', 'task a'])
  expect(await find(app, 'task', '&priority=high')).toEqual(['task c', 'task b'])
})

/** Few letters, so that texts often have words in common; with accents, case, separators and syntax. */
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'A', 'É', 'e', 'ß', 's', ' ', ' ', '-', '"', '*', '_', '1', '字'),
  maxLength: 14,
})
const draft = fc.record({ title: text.filter((title) => title.trim() !== ''), description: text })
const question = text.filter((q) => tokenize(q).length > 0)

test('search finds what the plain model finds', async () => {
  const app = await startApp()
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(draft, { minLength: 1, maxLength: 8 }),
      fc.array(question, { minLength: 1, maxLength: 4 }),
      async (drafts, questions) => {
        run += 1
        const tasks = await createAll(
          app,
          drafts.map((one) => ({ ...one, labels: [`run ${run}`] })),
        )
        for (const q of questions) {
          const fits = (words: string[]): boolean =>
            tokenize(q).every((word) => words.some((own) => own.startsWith(word)))
          const expected = tasks.filter(({ title, description }) =>
            fits([...tokenize(title), ...tokenize(description)]),
          )
          expect(await list(app, `?label=run%20${run}&q=${encodeURIComponent(q)}`)).toEqual(
            expected,
          )
        }
      },
    ),
    { numRuns: 60 },
  )
})
