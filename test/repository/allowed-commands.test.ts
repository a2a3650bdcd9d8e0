import { describe, expect, test } from 'vitest'
import { ALLOWED, createRecording, namesIn } from './command-recording.ts'

const unknownIn = (name: string, command: object): string[] =>
  namesIn(name, command).filter((one) => !ALLOWED.has(one))

describe('the list of what may be sent to MongoDB', () => {
  test('holds a page, a change and a history', () => {
    const words = { $all: [/^a/] }
    expect(
      unknownIn('find', {
        find: 'tasks',
        filter: { words },
        sort: { a: 1 },
        limit: 1,
        $db: 'x',
        lsid: {},
      }),
    ).toEqual([])
    expect(
      unknownIn('update', {
        update: 'tasks',
        updates: [{ q: { _id: 'a' }, u: { $set: { rev: 2 } } }],
      }),
    ).toEqual([])
    expect(
      unknownIn('aggregate', {
        aggregate: 'tasks',
        pipeline: [{ $match: { a: { $gt: 1 } } }],
        cursor: {},
      }),
    ).toEqual([])
  })

  test.for([
    ['a command', 'mapReduce', {}, ['command mapReduce']],
    ['an option', 'find', { hint: 'a' }, ['find option hint']],
    ['a transaction', 'insert', { startTransaction: true }, ['insert option startTransaction']],
    ['its end', 'commitTransaction', {}, ['command commitTransaction']],
    [
      'a change stream',
      'aggregate',
      { pipeline: [{ $changeStream: {} }] },
      ['stage $changeStream'],
    ],
    ['a script', 'find', { filter: { $or: [{ a: { $where: '1' } }] } }, ['query $where']],
    [
      'an operator in a union',
      'aggregate',
      { pipeline: [{ $unionWith: { pipeline: [{ $out: 'a' }] } }] },
      ['stage $out'],
    ],
    [
      'an expression in a stage',
      'aggregate',
      { pipeline: [{ $replaceRoot: { newRoot: { $first: 'a' } } }] },
      ['stage $replaceRoot $first'],
    ],
    [
      'an update by a pipeline',
      'update',
      { updates: [{ q: {}, u: [{ $set: {} }] }] },
      ['update by a pipeline'],
    ],
    [
      'an operator of an update',
      'update',
      { updates: [{ q: {}, u: { $rename: {} } }] },
      ['update $rename'],
    ],
    [
      'a modifier',
      'update',
      { updates: [{ q: {}, u: { $push: { a: { $each: [] } } } }] },
      ['update $push $each'],
    ],
    [
      'a condition to pull',
      'update',
      { updates: [{ q: {}, u: { $pull: { a: { $nin: [] } } } }] },
      ['query $nin'],
    ],
    [
      'a kind of index',
      'createIndexes',
      { indexes: [{ name: 'a', sparse: true }] },
      ['index sparse'],
    ],
  ] as const)('does not hold %s', ([, name, options, unknown]) => {
    expect(
      unknownIn(name, { [name]: 'tasks', ...options }).filter((one) => !one.endsWith('$push')),
    ).toEqual(unknown)
  })

  test('refuses with the text of the command, and tells of a scan', () => {
    const { onCommand, refused, scans } = createRecording()
    const send = (commandName: string, command: object) =>
      onCommand({ commandName, command } as unknown as Parameters<typeof onCommand>[0])
    send('find', { find: 'tasks', filter: { _id: 'a' } })
    send('find', { find: 'tasks', filter: { $where: 'true' } })
    send('find', { find: 'tasks', filter: { 'task.description': 'a' } })
    send('update', {
      update: 'tasks',
      updates: [
        { q: { _id: 'a' }, u: {} },
        { q: { rev: 7 }, u: {} },
      ],
    })
    expect(refused).toEqual(['query $where: {"find":"tasks","filter":{"$where":"true"}}'])
    expect(scans.map((text) => text.slice(0, 40))).toEqual([
      '{"find":"tasks","filter":{"task.descript',
      '{"update":"tasks","updates":[{"q":{"_id"',
    ])
  })
})
