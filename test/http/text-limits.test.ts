import { describe, expect, test } from 'vitest'
import { startApp } from '../start-app.ts'
import { create, expectInvalid, get, list, send } from './requests.ts'

const FAMILY = '👨‍👩‍👧‍👦'

describe('text comes back exactly', () => {
  test.each([
    `${FAMILY}🏳️‍🌈👍🏽🇨🇭`,
    'שלום עולם — مرحبا \u202eabc\u202c',
    'e\u0301 é \u0041\u030a Å ﬁ ① ㎏',
    'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!',
    '\u0001 \u007f \u0085 \u2028 \u2029 \ufeff \ufffd \uffff',
    'line\r\nline\n\ttab\\n "quoted" </script><!-- \' ; -- %00 {{x}}',
    '\u{10ffff}\u{1f600}\u{20000}',
    '{"id":"1"},{"id":"2"}',
  ])('%j', async (text) => {
    const app = await startApp({ database: 'memory' })
    const draft = {
      title: `<${text}>`,
      description: `\n ${text}\t`,
      labels: [text.slice(0, 20).toWellFormed()],
      external_reference_id: text,
    }
    const task = await create(app, draft)
    expect(task).toMatchObject(draft)
    expect(await get(app, task.id)).toEqual(task)
    expect(await list(app)).toEqual([task])
    const changed = (await send(app, 'PUT', `/tasks/${task.id}`, { title: `[${text}]` })).json()
    expect(changed.title).toBe(`[${text}]`)
    const [created] = (await send(app, 'GET', `/tasks/${task.id}/events`)).json()
    expect(created.changes.title.after).toBe(draft.title)
    expect(await list(app, `?label=${encodeURIComponent(draft.labels[0] ?? '')}`)).toEqual([
      changed,
    ])
    expect(await list(app, `?external_reference_id=${encodeURIComponent(text)}`)).toEqual([changed])
  })
})

/** What is counted is code points: neither UTF-16 units, nor bytes, nor what a reader takes for one character. */
describe('lengths are code points', () => {
  test.each<[string, string, number, boolean]>([
    ['title', 'a', 500, true],
    ['title', 'a', 501, false],
    ['title', '😀', 500, true],
    ['title', '😀', 501, false],
    ['title', 'e\u0301', 250, true],
    ['title', 'e\u0301', 251, false],
    ['title', FAMILY, 71, true],
    ['title', FAMILY, 72, false],
    ['description', 'a', 65_536, true],
    ['description', 'a', 65_537, false],
    ['description', '😀', 65_536, true],
    ['description', '😀', 65_537, false],
    ['description', 'e\u0301', 32_768, true],
    ['description', 'e\u0301', 32_769, false],
    ['external_reference_id', 'a', 255, true],
    ['external_reference_id', 'a', 256, false],
  ])('%s of %s × %d', async (field, unit, count, fits) => {
    const app = await startApp({ database: 'memory' })
    const value = unit.repeat(count)
    const { id } = await create(app)
    const tries = [
      await send(app, 'POST', '/tasks', { title: 'T', [field]: value }),
      await send(app, 'PUT', `/tasks/${id}`, { [field]: value }),
    ]
    for (const answer of tries) {
      if (fits) expect(answer.json()[field]).toBe(value)
      else expect(expectInvalid(answer)).toEqual([`#/${field}`])
    }
  })

  test('labels are up to 20 of 1 to 50', async () => {
    const app = await startApp({ database: 'memory' })
    const labels = Array.from({ length: 20 }, (_, index) => `${index}`)
    expect((await create(app, { title: 'T', labels })).labels).toEqual(labels)
    for (const label of ['a'.repeat(50), '😀'.repeat(50), 'e\u0301'.repeat(25), ' ']) {
      expect((await create(app, { title: 'T', labels: [label] })).labels).toEqual([label])
    }
    expect(
      expectInvalid(await send(app, 'POST', '/tasks', { title: 'T', labels: [...labels, 'more'] })),
    ).toEqual(['#/labels'])
    for (const label of ['', 'a'.repeat(51), '😀'.repeat(51), 'e\u0301'.repeat(26)]) {
      expect(
        expectInvalid(await send(app, 'POST', '/tasks', { title: 'T', labels: ['ok', label] })),
      ).toEqual(['#/labels/1'])
    }
  })

  test('a title is counted once trimmed, and is more than white space', async () => {
    const app = await startApp({ database: 'memory' })
    const space = ' \t\r\n\u00a0\u2003\u3000\ufeff'
    const title = '😀'.repeat(500)
    expect((await create(app, { title: space.repeat(50) + title + space })).title).toBe(title)
    for (const blank of ['', ' ', space, ' '.repeat(100_000)]) {
      expect(expectInvalid(await send(app, 'POST', '/tasks', { title: blank }))).toEqual([
        '#/title',
      ])
    }
  })

  test('a description may be empty, an external reference may not', async () => {
    const app = await startApp({ database: 'memory' })
    expect((await create(app, { title: 'T', description: '' })).description).toBe('')
    expect(
      expectInvalid(await send(app, 'POST', '/tasks', { title: 'T', external_reference_id: '' })),
    ).toEqual(['#/external_reference_id'])
  })
})

describe('NUL and lone surrogates are refused', () => {
  test.each(['\\u0000', 'a\\u0000b', '\\ud800', '\\udc00', 'a\\ud83dz', '\\ude00\\ud83d'])(
    '"%s"',
    async (escaped) => {
      const app = await startApp({ database: 'memory' })
      const { id } = await create(app)
      const headers = { 'content-type': 'application/json' }
      for (const field of ['title', 'description', 'external_reference_id', 'labels']) {
        const value = field === 'labels' ? `["${escaped}"]` : `"${escaped}"`
        const pointer = field === 'labels' ? '#/labels/0' : `#/${field}`
        const draft = `{${field === 'title' ? '' : '"title":"T",'}"${field}":${value}}`
        const created = await app.inject({ method: 'POST', url: '/tasks', headers, payload: draft })
        expect(expectInvalid(created)).toEqual([pointer])
        const updated = await app.inject({
          method: 'PATCH',
          url: `/tasks/${id}`,
          headers,
          payload: `{"${field}":${value}}`,
        })
        expect(expectInvalid(updated)).toEqual([pointer])
      }
      expect(await list(app)).toHaveLength(1)
    },
  )
})

const NO_DATES = [
  '2025-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2025-04-31T00:00:00Z',
  '2025-13-01T00:00:00Z',
  '2025-00-01T00:00:00Z',
  '2025-01-00T00:00:00Z',
  '2025-01-01T24:00:00Z',
  '2025-01-01T23:60:00Z',
  '2025-01-01T00:00:00',
  '2025-01-01',
  '2025-01-01T00:00Z',
  '2016-12-31T23:59:60Z',
  '2025-01-01T00:00:00+24:00',
  '2025-01-01T00:00:00+01:60',
  '2025-01-01T00:00:00+01',
  '2025-01-01T00:00:00.Z',
  '2025-01-01 00:00:00Z',
  ' 2025-01-01T00:00:00Z',
  '2025-01-01T00:00:00Z\n',
  '12025-01-01T00:00:00Z',
  '+002025-01-01T00:00:00Z',
  '9999-12-31T23:59:59-01:00',
  '0000-01-01T00:00:00+01:00',
  'Wed, 01 Jan 2025 00:00:00 GMT',
  '1735689600',
  '２０２５-01-01T00:00:00Z',
  '',
]

test('dates that do not exist, or have no zone, are refused', async () => {
  const app = await startApp({ database: 'memory' })
  const { id } = await create(app)
  for (const due_at of NO_DATES) {
    expect(
      expectInvalid(await send(app, 'POST', '/tasks', { title: 'T', due_at })),
      due_at,
    ).toEqual(['#/due_at'])
    expect(expectInvalid(await send(app, 'PUT', `/tasks/${id}`, { due_at })), due_at).toEqual([
      '#/due_at',
    ])
    expectInvalid(await send(app, 'GET', `/tasks?due_before=${encodeURIComponent(due_at)}`))
  }
})
