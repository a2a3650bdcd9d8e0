import { ofKind, type Rule, titleOf, workloadsOf } from './manifest.ts'

/** No Secret that git makes holds a value: values are filled in where git does not see them. */
export const secretValues: Rule = (installation) =>
  ofKind(installation, 'Secret').flatMap((secret) =>
    Object.entries({ ...secret.data, ...secret.stringData })
      .filter(([, value]) => value !== '')
      .map(([key]) => `${titleOf(secret)} holds a value for ${key}`),
  )

/** A password in a URL, unless it is a reference to a variable; the tokens of GitHub; a private key. */
const CREDENTIAL = /:\/\/[^/\s:@]+:(?!\$\()[^/\s@]+@|gh[a-z]_\w{20,}|github_pat_\w{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----/

/** A variable that is a secret by its name. */
const SECRET_NAME = /TOKEN|SECRET|PASSWORD(?!_FILE)|PRIVATE_KEY/

/** No ConfigMap and no plain variable holds a credential. */
export const credentials: Rule = (installation) => [
  ...ofKind(installation, 'ConfigMap').flatMap((config) => told(titleOf(config), Object.entries(config.data ?? {}))),
  ...workloadsOf(installation).flatMap(({ title, containers }) =>
    containers.flatMap(({ env = [] }) =>
      told(
        title,
        env.map(({ name, value = '' }) => [name, value]),
      ),
    ),
  ),
]

const told = (title: string, entries: readonly (readonly [string, string])[]): readonly string[] =>
  entries
    .filter(([name, value]) => CREDENTIAL.test(value) || (SECRET_NAME.test(name) && value !== ''))
    .map(([name]) => `${title} holds a credential in ${name}`)
