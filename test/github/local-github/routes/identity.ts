import { type Answer, notFound, ok, refusal } from '../answer.ts'
import { type Call, type Handler, reading } from '../call.ts'
import { type AppSettings, notAccessible } from '../credentials.ts'
import type { Repository, User } from '../records.ts'
import { serializeUser, toNodeId, toTime, WEB } from '../serialize.ts'
import { serializeRepository, serializeWholeRepository } from '../serialize-repository.ts'

const HOUR_MS = 3_600_000
const PERMISSIONS = { issues: 'write', metadata: 'read' }

const presentProfile = (api: string, user: User) => ({
  ...serializeUser(api, user),
  name: null,
  company: null,
  blog: '',
  location: null,
  email: null,
  hireable: null,
  bio: null,
  twitter_username: null,
  public_repos: 0,
  public_gists: 0,
  followers: 0,
  following: 0,
  created_at: toTime(0),
  updated_at: toTime(0),
})

export const getUser: Handler = ({ api, credential }) => {
  if (credential.kind !== 'user') return notAccessible(credential)
  const counts = {
    private_gists: 0,
    total_private_repos: 0,
    owned_private_repos: 0,
    disk_usage: 0,
    collaborators: 0,
  }
  return ok({ ...presentProfile(api, credential.user), ...counts, two_factor_authentication: true })
}

export const getUserByName: Handler = ({ api, world, parameters }) => {
  const user = world.findUser(String(parameters.username))
  return user === undefined ? notFound() : ok(presentProfile(api, user))
}

const withApp = (
  call: Call,
  handler: (app: AppSettings & { readonly bot: User }) => Answer,
): Answer => {
  const { app } = call.credentials
  if (app === undefined || call.credential.kind !== 'app')
    return refusal(401, 'A JSON web token could not be decoded')
  return handler(app)
}

export const getApp: Handler = (call) =>
  withApp(call, (app) =>
    ok({
      id: app.id,
      slug: app.slug,
      node_id: toNodeId('A', app.id),
      client_id: `Iv1.${app.id}`,
      owner: serializeUser(call.api, call.world.user('acme', 'Organization')),
      name: app.slug,
      description: null,
      external_url: WEB,
      html_url: `${WEB}/apps/${app.slug}`,
      created_at: toTime(0),
      updated_at: toTime(0),
      permissions: PERMISSIONS,
      events: ['issues'],
      installations_count: 1,
    }),
  )

const presentInstallation = (call: Call, app: AppSettings) => ({
  id: app.installationId,
  client_id: `Iv1.${app.id}`,
  account: serializeUser(call.api, call.world.user('acme', 'Organization')),
  repository_selection: 'selected',
  access_tokens_url: `${call.api}/app/installations/${app.installationId}/access_tokens`,
  repositories_url: `${call.api}/installation/repositories`,
  html_url: `${WEB}/settings/installations/${app.installationId}`,
  app_id: app.id,
  app_slug: app.slug,
  target_id: 1,
  target_type: 'Organization',
  permissions: PERMISSIONS,
  events: ['issues'],
  created_at: toTime(0),
  updated_at: toTime(0),
  single_file_name: null,
  suspended_by: null,
  suspended_at: null,
})

const isHere = (call: Call, app: AppSettings): boolean =>
  call.parameters.installation_id === app.installationId

export const getInstallation: Handler = (call) =>
  withApp(call, (app) => (isHere(call, app) ? ok(presentInstallation(call, app)) : notFound()))

export const getRepositoryInstallation: Handler = (call) =>
  withApp(call, (app) => {
    const repository = call.world.findRepository(`${call.parameters.owner}/${call.parameters.repo}`)
    return repository === undefined || repository.isGone
      ? notFound()
      : ok(presentInstallation(call, app))
  })

export const createInstallationToken: Handler = (call) =>
  withApp(call, (app) => {
    if (!isHere(call, app)) return notFound()
    const { tokenLifetimeMs = HOUR_MS } = app
    const { token, expiresAt } = call.credentials.issueInstallationToken(
      app.bot,
      app.installationId,
      tokenLifetimeMs,
    )
    return ok(
      {
        token,
        expires_at: toTime(expiresAt),
        permissions: PERMISSIONS,
        repository_selection: 'selected',
      },
      201,
    )
  })

export const listInstallationRepositories: Handler = (call) => {
  if (call.credential.kind !== 'installation') return notAccessible(call.credential)
  const repositories: readonly Repository[] = call.world
    .repositories()
    .filter(({ isGone }) => !isGone)
  return ok({
    total_count: repositories.length,
    repositories: repositories.map((repository) => serializeRepository(call.api, repository)),
    repository_selection: 'selected',
  })
}

export const getRepository: Handler = reading((call, repository) =>
  ok(serializeWholeRepository(call.api, repository, { push: call.credential.rights === 'push' })),
)

export const getRateLimit: Handler = (call) => {
  const core = call.limits.state(call.credential.account)
  const other = { limit: 30, remaining: 30, used: 0, reset: core.reset }
  return ok({ resources: { core, search: other, graphql: other }, rate: core })
}
