import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromIssue, type IssueState, toIssue } from '#src/github/issue/issue-mapping.ts'
import { anyFields, FIELDS, fields, MARKER, taskOf } from './synced-arbitraries.ts'

const ISSUE: IssueState = toIssue(FIELDS, MARKER)
const codePoints = (text: string): number => [...text].length

describe('the issue of a task', () => {
  test('shows title, description and marker, and that it is open', () => {
    expect(ISSUE).toEqual({
      title: 'Renew the certificate',
      body: `It ends on Friday.\n\n${MARKER}`,
      isOpen: true,
      labels: ['ops'],
    })
  })

  test('without a description is the marker alone', () => {
    expect(toIssue(fields({ description: '' }), MARKER).body).toBe(MARKER)
  })

  test('tells status and priority by its state and by labels', () => {
    const shown = (changes: Parameters<typeof fields>[0]) => {
      const { isOpen, labels } = toIssue(fields({ labels: [], ...changes }), MARKER)
      return { isOpen, labels }
    }
    expect(shown({ status: 'pending' })).toEqual({ isOpen: true, labels: [] })
    expect(shown({ status: 'in_progress' })).toEqual({
      isOpen: true,
      labels: ['status:in_progress'],
    })
    expect(shown({ status: 'completed' })).toEqual({ isOpen: false, labels: [] })
    expect(shown({ priority: 'low' })).toEqual({ isOpen: true, labels: ['priority:low'] })
    expect(shown({ priority: 'high', labels: ['ops'] })).toEqual({
      isOpen: true,
      labels: ['priority:high', 'ops'],
    })
  })

  test('has no free label named like a managed one, no blank one, and none twice', () => {
    const labels = [
      'priority:high',
      'Status:In_Progress',
      ' PRIORITY:low ',
      ' ',
      'Ops',
      'ops',
      'a\nb',
      'priority:medium',
    ]
    expect(toIssue(fields({ labels }), MARKER).labels).toEqual(['Ops', 'a b', 'priority:medium'])
  })

  test('has a title of 256 characters at most, cut with a note and never within one', () => {
    expect(toIssue(fields({ title: '🎉'.repeat(256) }), MARKER).title).toBe('🎉'.repeat(256))
    expect(toIssue(fields({ title: '🎉'.repeat(257) }), MARKER).title).toBe(`${'🎉'.repeat(255)}…`)
  })

  test('has a title on one line that is not blank', () => {
    expect(toIssue(fields({ title: 'a\r\nb\tc' }), MARKER).title).toBe('a b c')
    expect(toIssue(fields({ title: '\u0001' }), MARKER).title).toBe('Untitled')
  })

  test('has a body of 65,536 characters at most, cut with a visible note', () => {
    const most = 65_536 - 2 - MARKER.length
    expect(toIssue(fields({ description: '🎉'.repeat(most) }), MARKER).body).toBe(
      `${'🎉'.repeat(most)}\n\n${MARKER}`,
    )
    const { body } = toIssue(fields({ description: '🎉'.repeat(most + 1) }), MARKER)
    expect(codePoints(body)).toBe(65_536)
    expect(body).toMatch(
      /🎉\n\n\*… cut here, as GitHub takes no longer text\. The task has it whole\.\*\n\n<!-- .* -->$/u,
    )
  })

  test('has its marker above a description that could make a code block of it', () => {
    expect(toIssue(fields({ description: 'see\n```\ncode' }), MARKER).body).toBe(
      `${MARKER}\n\nsee\n\`\`\`\ncode`,
    )
    expect(toIssue(fields({ description: '```\ncode\n```' }), MARKER).body).toBe(
      `\`\`\`\ncode\n\`\`\`\n\n${MARKER}`,
    )
    const { body } = toIssue(
      fields({ description: `\`\`\`\n${'y'.repeat(65_500)}\n\`\`\`` }),
      MARKER,
    )
    expect([body.startsWith(`${MARKER}\n\n\`\`\`\nyy`), codePoints(body)]).toEqual([true, 65_536])
  })

  test('bears its own marker alone, whatever the description quotes', () => {
    const description = `before\n\n${MARKER.replace('5e', '5f')}\n\nafter`
    expect(toIssue(fields({ description }), MARKER).body).toBe(`before\n\nafter\n\n${MARKER}`)
  })
})

describe('the task of an issue', () => {
  const described = (body: string | null, description = FIELDS.description): string =>
    fromIssue({ ...ISSUE, body }, fields({ description })).description

  test('is the one that was shown', () => {
    expect(fromIssue(ISSUE, null)).toEqual(FIELDS)
    expect(fromIssue(ISSUE, FIELDS)).toEqual(FIELDS)
  })

  test('has a text without the marker, wherever someone moved it, whoever made it', () => {
    for (const body of [
      `new\n\n${MARKER}`,
      `${MARKER}\r\n\r\nnew`,
      `new${MARKER}`,
      'new',
      `\n\nnew\n\n\n${MARKER}\n\n`,
    ]) {
      expect(described(body)).toBe('new')
    }
    expect(described(`new\n${MARKER}\ntext`)).toBe('new\n\ntext')
    expect(described(`new <!-- task-manager-api --> text`)).toBe(
      'new <!-- task-manager-api --> text',
    )
  })

  test('has no text where the issue has none', () => {
    for (const body of [null, '', MARKER, `\r\n${MARKER}\r\n`]) expect(described(body)).toBe('')
  })

  test('keeps its own ends of lines and blank lines where the issue shows others', () => {
    expect(described(`a\r\nb\r\n\r\n${MARKER}\r\n`, 'a\nb')).toBe('a\nb')
    expect(described(`a\nb\n\n${MARKER}`, '\r\na\r\nb\r\n')).toBe('\r\na\r\nb\r\n')
    expect(described(`a\r\nc\r\n\r\n${MARKER}`, 'a\r\nb')).toBe('a\nc')
  })

  test('keeps a title and a text that the issue shows cut', () => {
    const long = fields({ title: 'x'.repeat(400), description: 'y'.repeat(65_536) })
    const issue = toIssue(long, MARKER)
    expect(fromIssue(issue, long)).toEqual(long)
    expect(
      fromIssue({ ...issue, body: issue.body.replaceAll('\n', '\r\n').replace(MARKER, '') }, long),
    ).toEqual(long)
  })

  test('keeps what was cut off when someone edits the rest, or adds to it', () => {
    const long = fields({
      title: `old ${'x'.repeat(300)} end`,
      description: `old ${'y'.repeat(65_500)} end`,
    })
    const issue = toIssue(long, MARKER)
    const edit = (text: string): string => text.replace('old', 'new')
    const edited = fromIssue({ ...issue, title: edit(issue.title), body: edit(issue.body) }, long)
    expect(edited).toEqual({
      ...long,
      title: edit(long.title),
      description: edit(long.description),
    })
    const added = fromIssue({ ...issue, body: issue.body.replace(MARKER, 'more') }, long)
    expect(added.description).toBe(`${long.description}\n\nmore`)
    expect(fromIssue({ ...issue, title: 'another…' }, long).title).toBe('another…')
  })

  test('keeps a text of which the issue shows more than we could send, as long as the rest is equal', () => {
    const theirs = { ...ISSUE, body: `old ${'y'.repeat(100_000)}` }
    const known = fields({ description: theirs.body.slice(0, 65_536) })
    expect(fromIssue(theirs, null)).toEqual(known)
    const edited = { ...known, description: `${known.description.slice(0, -1)}z` }
    expect(fromIssue(theirs, edited)).toEqual(edited)
    expect(
      fromIssue({ ...theirs, body: theirs.body.replace('old', 'new') }, known).description.slice(
        0,
        3,
      ),
    ).toBe('new')
  })

  test('has a title and a text that can be stored, whatever the issue has', () => {
    const { title, description } = fromIssue(
      { ...ISSUE, title: ' a\0\ud800b ', body: '\0\udc00' },
      null,
    )
    expect({ title, description }).toEqual({ title: 'a\ufffd\ufffdb', description: '\ufffd\ufffd' })
    const long = fromIssue(
      { ...ISSUE, title: `${'🎉'.repeat(499)} ${'🎉'.repeat(9)}`, body: '🎉'.repeat(65_537) },
      null,
    )
    expect(long.title).toBe('🎉'.repeat(499))
    expect(long.description).toBe('🎉'.repeat(65_536))
    expect(fromIssue({ ...ISSUE, title: ' \u3000' }, null).title).toBe('Untitled')
    expect(fromIssue({ ...ISSUE, title: '' }, FIELDS).title).toBe(FIELDS.title)
  })

  test('has status and priority by state and labels, in any case; high wins', () => {
    const told = (isOpen: boolean, ...labels: string[]) => {
      const { status, priority, labels: free } = fromIssue({ ...ISSUE, isOpen, labels }, FIELDS)
      return [status, priority, free]
    }
    expect(told(true)).toEqual(['pending', 'medium', []])
    expect(told(true, 'STATUS:in_progress', 'Priority:Low', 'ops')).toEqual([
      'in_progress',
      'low',
      ['ops'],
    ])
    expect(told(true, 'priority:low', 'priority:high')).toEqual(['pending', 'high', []])
    expect(told(false, 'status:in_progress')).toEqual(['completed', 'medium', []])
  })

  test('has its known labels in their order and spelling, then new ones, each once, 20 in all', () => {
    const labelled = (labels: readonly string[], known: readonly string[]) =>
      fromIssue({ ...ISSUE, labels }, fields({ labels: known })).labels
    expect(labelled(['new', 'OPS', 'a b', 'bug', 'NEW'], ['Bug', 'ops', 'a\nb', 'gone'])).toEqual([
      'Bug',
      'ops',
      'a\nb',
      'new',
    ])
    expect(labelled([], [' ', 'priority:high'])).toEqual([' '])
    const many = Array.from({ length: 30 }, (_, i) => `l${i}`)
    expect(labelled(many, ['l29'])).toEqual(['l29', ...many.slice(0, 19)])
  })

  test('has no label that it can not hold', () => {
    const labels = ['x'.repeat(51), '🎉'.repeat(50), 'a\0', '\ud800', '']
    expect(fromIssue({ ...ISSUE, labels }, null).labels).toEqual(['🎉'.repeat(50)])
  })
})

describe('for any task', () => {
  const free = (labels: readonly string[]) =>
    labels.filter((label) => !/^(priority:(low|high)|status:in_progress)$/i.test(label.trim()))

  test('the issue fits, names the task, and shows the very same task', () => {
    fc.assert(
      fc.property(anyFields, (given) => {
        const issue = toIssue(given, MARKER)
        expect(codePoints(issue.title)).toBeLessThanOrEqual(256)
        expect(codePoints(issue.body)).toBeLessThanOrEqual(65_536)
        expect(taskOf(issue.body)).toBe(taskOf(MARKER))
        expect(fromIssue(issue, given)).toEqual({ ...given, labels: free(given.labels) })
        expect(toIssue(fromIssue(issue, null), MARKER)).toEqual(issue)
      }),
    )
  })
})
