import type { CommandStartedEvent } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { createTaskService } from '#src/core/task-service.ts'
import type { IssueLink } from '#src/github/issue/issue-link.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskIds } from '#src/task-ids.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { connectTo, holdRelay } from '../process/event-sequence.ts'
import { issueOf, millisAt } from './linked-store.ts'
import { deliveryAt } from './sync-contract.ts'
import { OLDEST_FIRST, readObjects } from './task-store.ts'

const isOfRelay = ({ commandName, command }: CommandStartedEvent): boolean =>
  (command[commandName] === 'leases' && JSON.stringify(command).includes('"relay"')) ||
  command.filter?.['pending.time'] !== undefined

/** The search for tasks without their title key, and what else is done for these in the background. */
const isOfTitleKeys = ({ commandName, command }: CommandStartedEvent): boolean =>
  command.filter?.['order.title_key'] === null ||
  /^(createIndexes|dropIndexes)$/.test(commandName) ||
  command[commandName] === 'meta'

/** The service, and the names of the commands that a call of it makes it send. */
const start = async () => {
  const url = await createDatabaseUrl()
  /** This one's relay only looks whether it may go on, then, and which event waits longest. */
  await holdRelay(await connectTo(url))
  let sent: string[] = []
  const repository = await openMongoRepository(url, TASK, (event) => {
    if (!isOfRelay(event) && !isOfTitleKeys(event)) sent.push(event.commandName)
  })
  onTestFinished(() => repository.close())
  const service = createTaskService({
    table: TASK,
    repository,
    now: Date.now,
    newId: createTaskIds(undefined),
  })
  const commandsOf = async <T>(
    call: () => Promise<T>,
  ): Promise<{ result: T; commands: string[] }> => {
    sent = []
    const result = await call()
    return { result, commands: sent }
  }
  return { service, repository, commandsOf }
}

const always = {}
const draft = { title: 'Write the report', labels: ['ops'] }

test('a read is one command', async () => {
  const { service, commandsOf } = await start()
  const { id } = (await service.create(draft, 'test')).task
  for (let index = 0; index < 30; index++) await service.create({ title: `task ${index}` }, 'test')
  const reads: Record<string, () => Promise<unknown>> = {
    get: () => service.get(id),
    'a first page': () => service.page({ filter: {}, sort: OLDEST_FIRST }, undefined, 10),
    'a full page of the most': () =>
      service.page({ filter: {}, sort: { key: 'title', descending: true } }, undefined, 1000),
    'a filtered page': () =>
      service.page(
        { filter: { status: ['pending'], labels: ['ops'] }, sort: OLDEST_FIRST },
        undefined,
        10,
      ),
    search: () => service.page({ filter: { words: ['rep'] }, sort: OLDEST_FIRST }, undefined, 10),
    ping: () => service.ping(),
  }
  for (const [name, read] of Object.entries(reads)) {
    expect([name, (await commandsOf(read)).commands]).toEqual([
      name,
      [name === 'ping' ? 'ping' : 'find'],
    ])
  }
  const history = async (): Promise<void> => {
    expect(await readObjects(service.history(id))).toHaveLength(1)
  }
  expect((await commandsOf(history)).commands).toEqual(['aggregate'])
})

test('a write is one command, after one that reads what it changes', async () => {
  const { service, commandsOf } = await start()
  const created = await commandsOf(() => service.create(draft, 'test'))
  expect(created.commands).toEqual(['insert'])
  const { id } = created.result.task
  const changed = await commandsOf(() =>
    service.update(id, { title: 'Send the report' }, 'test', always),
  )
  expect(changed.commands).toEqual(['find', 'update'])
  const kept = await commandsOf(() =>
    service.update(id, { title: 'Send the report' }, 'test', always),
  )
  expect(kept.commands).toEqual(['find'])
  expect((await commandsOf(() => service.complete(id, 'test', always))).commands).toEqual([
    'find',
    'update',
  ])
  expect((await commandsOf(() => service.remove(id, 'test', always))).commands).toEqual([
    'find',
    'update',
  ])
})

test('tasks that are read at once, for themselves or to be changed, share a command', async () => {
  const { service, commandsOf } = await start()
  const [first, second] = [
    await service.create(draft, 'test'),
    await service.create({ title: 'another' }, 'test'),
  ]
  const ids = [first.task.id, second.task.id]
  const gets = await commandsOf(() =>
    Promise.allSettled([...ids, 'none', ...ids].map((id) => service.get(id))),
  )
  expect(
    gets.result.map((one) => (one.status === 'fulfilled' ? one.value : one.reason)),
  ).toMatchObject([first.task, second.task, { code: 'not_found' }, first.task, second.task])
  expect(gets.commands).toEqual(['find'])
  const changes = await commandsOf(() =>
    Promise.all(ids.map((id) => service.complete(id, 'test', always))),
  )
  expect(changes.commands).toEqual(['find', 'update', 'update'])
})

test('a key costs nothing at first, and a look at its record when it comes again', async () => {
  const { service, repository, commandsOf } = await start()
  const retry = { key: 'retry-1', fingerprint: 'request' }
  expect((await commandsOf(() => service.create(draft, 'test', retry))).commands).toEqual([
    'insert',
  ])
  const replayed = await commandsOf(() => service.create(draft, 'test', retry))
  expect(replayed.result.replayed).toBe(true)
  expect(replayed.commands).toEqual(['insert', 'find'])
  const claim = () =>
    repository.claim({
      key: 'batch-1',
      fingerprint: 'request',
      now: Date.now(),
      expiresAt: Date.now() + 1000,
    })
  expect((await commandsOf(claim)).commands).toEqual(['insert'])
})

test('a change with a key costs no command more, and one read when it comes again', async () => {
  const { service, commandsOf } = await start()
  const { id } = (await service.create(draft, 'test')).task
  const retry = { key: 'retry-1', fingerprint: 'request' }
  const change = () => service.update(id, { title: 'Send it' }, 'test', always, retry)
  expect((await commandsOf(change)).commands).toEqual(['find', 'update'])
  const replayed = await commandsOf(change)
  expect([replayed.result.replayed, replayed.commands]).toEqual([true, ['find']])
  const kept = () => service.update(id, {}, 'test', always, { ...retry, key: 'retry-2' })
  expect((await commandsOf(kept)).commands).toEqual(['find', 'update'])
})

const step = (link: IssueLink): IssueLink => ({ ...link, rev: link.rev + 1 })

test('a step of the GitHub sync is one command, after one that reads what it changes', async () => {
  const { service, repository, commandsOf } = await start()
  const { sync } = repository
  const { id } = (await service.create(draft, 'test')).task
  const steps: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
    ['a link is added', () => sync.addLink(id, 1), ['find', 'update']],
    ['not twice', () => sync.addLink(id, 1), ['find']],
    ['a link is changed', () => sync.changeLink(id, step), ['find', 'update']],
    ['or left', () => sync.changeLink(id, () => undefined), ['find']],
    [
      'a linked task is changed',
      () => service.update(id, { title: 'Send it' }, 'test', always),
      ['find', 'update'],
    ],
    ['a delivery comes', () => sync.addDelivery(deliveryAt(1)), ['insert']],
    ['again', () => sync.addDelivery(deliveryAt(1)), ['insert']],
    ['and is dealt with', () => sync.closeDelivery(deliveryAt(1).id, 0), ['update', 'find']],
    [
      'and forgotten',
      () => sync.closeDelivery(deliveryAt(1).id, millisAt(9)),
      ['update', 'find', 'delete'],
    ],
    ['a value is kept', () => sync.writeState('a', 1), ['update']],
    ['a link is forgotten', () => sync.changeLink(id, () => null), ['find', 'update']],
  ]
  for (const [name, call, commands] of steps)
    expect([name, (await commandsOf(call)).commands]).toEqual([name, commands])
})

test('a look at the links is one command, however many there are', async () => {
  const { service, repository, commandsOf } = await start()
  const { sync } = repository
  for (let index = 0; index < 130; index++) {
    const { id } = (await service.create({ title: `task ${index}` }, 'test')).task
    if (index === 0) continue
    await sync.addLink(id, 1)
    await sync.changeLink(id, (link) => ({ ...link, issue: issueOf(String(index)) }))
    await sync.addDelivery(deliveryAt(index))
  }
  const looks: Readonly<Record<string, () => Promise<unknown>>> = {
    'the link of a task': () => sync.link('none'),
    'the link of an issue': () => sync.linkOfIssue('7'),
    'the links that are due': () => sync.dueLinks(2, 125),
    'the links of a state': () => sync.links('pending', undefined, 125),
    'the tasks without a link': () => sync.unlinkedTasks(undefined, 125),
    'the deliveries that are open': () => sync.openDeliveries(125),
    'a value': () => sync.readState('a'),
  }
  for (const [name, look] of Object.entries(looks)) {
    expect([name, (await commandsOf(look)).commands]).toEqual([name, ['find']])
  }
  expect(await commandsOf(() => sync.countLinks())).toEqual({
    result: { pending: 129 },
    commands: ['aggregate'],
  })
})

test('a lease costs whoever waits for it one read', async () => {
  const { repository, commandsOf } = await start()
  const { acquireLease: hold } = repository.sync
  await hold('work', 'a', 60_000)
  expect((await commandsOf(() => hold('work', 'b', 60_000))).commands).toEqual(['find'])
  expect((await commandsOf(() => hold('work', 'a', 60_000))).commands).toEqual([
    'find',
    'findAndModify',
  ])
})

test('the new tasks of a batch share a command, after one that asks whether the database is there', async () => {
  const { service, commandsOf } = await start()
  const operations = Array.from({ length: 80 }, () => ({ op: 'create' as const, task: draft }))
  const { result, commands } = await commandsOf(() => service.batch(operations, 'test'))
  expect(result.map(({ kind }) => kind)).toEqual(new Array(80).fill('created'))
  expect(commands).toEqual(['ping', 'insert'])
})
