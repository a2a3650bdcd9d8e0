import { type Answer, archived, moved, notFound } from './answer.ts'
import { type Credential, type Credentials, notAccessible } from './credentials.ts'
import type { Limits } from './limits.ts'
import { fullName, type Repository } from './records.ts'
import type { GithubState } from './state.ts'

/** A request that fits GitHub's description, with all that it takes to answer it. */
export interface Call {
  readonly world: GithubState
  readonly credentials: Credentials
  readonly limits: Limits
  readonly credential: Credential
  /** Where this GitHub is: the beginning of every `url`. */
  readonly api: string
  readonly method: string
  /** As asked for, with its query. */
  readonly path: string
  readonly parameters: Readonly<Record<string, string | number | boolean>>
  readonly body: Readonly<Record<string, unknown>>
  /** The body as it came, for numbers that JSON.parse would spoil. */
  readonly text: string
}

export type Handler = (call: Call) => Answer
type RepositoryHandler = (call: Call, repository: Repository) => Answer

/** The same place under the repository's id, which is where GitHub sends those who know a former name. */
export const toPathById = ({ path }: Call, repository: Repository): string =>
  path.replace(/^\/repos\/[^/?]+\/[^/?]+/, `/repositories/${repository.id}`)

const withRepository = (call: Call, handler: RepositoryHandler): Answer => {
  const name = `${call.parameters.owner}/${call.parameters.repo}`
  const repository = call.world.findRepository(name)
  if (call.credential.kind === 'app') return notAccessible(call.credential)
  if (repository === undefined || repository.isGone || call.credential.rights === 'none')
    return notFound()
  if (fullName(repository).toLowerCase() === name.toLowerCase()) return handler(call, repository)
  return moved(call.method, `${call.api}${toPathById(call, repository)}`)
}

/** For those who may look. */
export const reading =
  (handler: RepositoryHandler): Handler =>
  (call) =>
    withRepository(call, handler)

/** For those who may open and change issues. */
export const writing =
  (handler: RepositoryHandler): Handler =>
  (call) =>
    withRepository(call, (_, repository) => {
      if (call.credential.rights === 'read') return notAccessible(call.credential)
      return repository.isArchived ? archived() : handler(call, repository)
    })

/** For those with a collaborator's rights. */
export const pushing = (handler: RepositoryHandler): Handler =>
  writing((call, repository) =>
    call.credential.rights === 'push' ? handler(call, repository) : notAccessible(call.credential),
  )
