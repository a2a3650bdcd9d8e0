import { describe, expect, test } from 'vitest'
import { validationFailed } from './local-github/answer.ts'
import { answerWith } from './local-github/faults.ts'
import { eventually, PATCH_ISSUE, SWEEPING, startSynced } from './synced-service.ts'

const LONG_TITLE = `${'t'.repeat(300)} end`
const LONG_TEXT = `${'text '.repeat(13_100)} end`

/** What becomes of texts that one side can't hold as they are, by the real service over whatever database. */
describe('texts', () => {
  test('too long for an issue: cut there, whole here, and the cut form is never written back', async () => {
    const { github, create, put, get, deliver, shown, issueShown, linked, writesDuring } =
      await startSynced(SWEEPING)
    const { id } = await create({ title: LONG_TITLE, description: LONG_TEXT })
    const issue = await issueShown(1, { title: `${'t'.repeat(255)}…`, state: 'open' })
    expect([...(issue.body ?? '')].length).toBeLessThanOrEqual(65_536)
    expect(issue.body).toMatch(/The task has it whole\.\*\n\n<!-- .* -->$/)
    expect(await writesDuring(() => deliver({ times: 2 }))).toEqual([])
    expect(await linked(id)).toMatchObject({
      title: LONG_TITLE,
      description: LONG_TEXT,
      version: 2,
    })

    github.as('alice').label(1, 'hers')
    await deliver()
    await shown(id, { title: LONG_TITLE, description: LONG_TEXT, labels: ['hers'] })
    await put(id, { title: `${LONG_TITLE} changed behind the cut` })
    await linked(id)
    expect(github.issue(1)?.title).toBe(issue.title)

    github.as('alice').edit(1, { title: 'short', body: `her words\n${issue.body}` })
    await deliver()
    await shown(id, { title: 'short' })
    const { description } = await get(id)
    expect(description.startsWith('her words\ntext text')).toBe(true)
    expect(description.endsWith('text  end')).toBe(true)
    expect(description).not.toContain('cut here')
  })

  test('of many scripts, ends of lines and empty ones come back as they were', async () => {
    const { github, create, put, deliver, shown, issueShown, linked, writesDuring } =
      await startSynced(SWEEPING)
    const title = '  Größe 漢字 👩‍👩‍👧 <b>&amp;</b> '
    const description = '\r\n- [ ] eins\r\n\r\n```sh\necho "hi" \\\n```\r\n<!-- a comment -->  '
    const { id } = await create({ title, description })
    await issueShown(1, { title: title.trim() })
    expect(await writesDuring(() => deliver())).toEqual([])
    expect(await linked(id)).toMatchObject({ title: title.trim(), description, version: 2 })
    await put(id, { description: '' })
    await issueShown(1, { body: expect.stringMatching(/^<!-- .* -->$/) })
    await linked(id)
    github.as('alice').edit(1, { body: null })
    await deliver()
    expect(await linked(id)).toMatchObject({ description: '', version: 3 })
    github.as('alice').edit(1, { body: 'hers\r\n\r\nand more' })
    await deliver()
    await shown(id, { description: 'hers\n\nand more', version: 4 })
  })

  test('with a code fence left open never show the marker, and come back as they were', async () => {
    const { github, create, put, get, deliver, shown, issueShown, linked, writesDuring } =
      await startSynced(SWEEPING)
    const description = 'run\n~~~sh\necho'
    const { id } = await create({ title: 'a', description })
    const { body } = await issueShown(1, {
      body: expect.stringMatching(/^<!-- .* -->\n\nrun\n~~~sh\necho$/),
    })
    const marker = body?.split('\n')[0]
    /** As it was written before the marker could stand above: read alike, and not written again. */
    github.as('alice').edit(1, { body: `${description}\n\n${marker}` })
    expect(await writesDuring(() => deliver())).toEqual([])
    expect(await linked(id)).toMatchObject({ description, version: 2 })
    github
      .as('alice')
      .edit(1, { body: `${marker}\r\n\r\n${description.replaceAll('\n', '\r\n')}\r\n# hers` })
    await deliver()
    await shown(id, { description: `${description}\n# hers` })
    await put(id, { description: `${description}\n~~~` })
    await issueShown(1, { body: `${description}\n~~~\n\n${marker}` })
    expect((await get(id)).description).toBe(`${description}\n~~~`)
  })

  test('that GitHub refuses block this task alone, and another text mends it', async () => {
    const { github, create, put, sync, issueShown, read, restart } = await startSynced()
    const other = await create({ title: 'other' })
    const { id } = await create({ title: 'a' })
    github.fail(
      PATCH_ISSUE,
      answerWith(validationFailed([{ resource: 'Issue', code: 'invalid', field: 'title' }])),
    )
    await put(id, { title: 'refused' })
    await eventually(async () =>
      expect(await sync(id)).toMatchObject({ status: 'blocked', error: { code: 'invalid' } }),
    )
    expect(await read('/github/status')).toMatchObject({
      blocked: null,
      jobs: { blocked: 1, linked: 1 },
    })
    await put(other.id, { title: 'goes on' })
    await issueShown(1, { title: 'goes on' })
    const again = await restart()
    await again.put(id, { title: 'taken' })
    await issueShown(2, { title: 'taken' })
    await eventually(async () =>
      expect(await again.sync(id)).toMatchObject({ status: 'linked', error: null }),
    )
  })
})
