import { findManifest, type Installation } from './manifest.ts'
import type { Container } from './shapes.ts'

/**
 * The environment that a container gets, as far as the manifests tell: a Secret's value is '' where the manifest holds
 * none. As in Kubernetes, what is named later wins, and `env` wins over `envFrom`.
 */
export const environmentOf = (installation: Installation, { env = [], envFrom = [] }: Container): ReadonlyMap<string, string> => {
  const sources = envFrom.map(({ configMapRef, secretRef }) => {
    const [kind, name] = configMapRef === undefined ? ['Secret', secretRef?.name] : ['ConfigMap', configMapRef.name]
    const manifest = findManifest(installation, kind as string, name ?? '')
    return Object.entries({ ...manifest?.data, ...manifest?.stringData })
  })
  return new Map([...sources.flat(), ...env.map(({ name, value = '' }) => [name, value] as const)])
}

/** Whether a container keeps its tasks in an SQLite file, which is what the service does where nothing else is said. */
export const isOnSqlite = (installation: Installation, container: Container): boolean =>
  (environmentOf(installation, container).get('DATABASE_URL') ?? 'sqlite:').startsWith('sqlite:')
