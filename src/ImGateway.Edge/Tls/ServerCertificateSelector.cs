using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>A configured name with its credential and context, built once for each certificate and name.</summary>
/// <param name="Context">The engine's context.</param>
sealed record ServedHost(HostName Host, Credential Credential, TlsContext Context)
{
    /// <summary>The connection is closed after the handshake.</summary>
    public bool EndsAfterHandshake { get; init; }

    /// <summary>How often the sessions of the host were ended.</summary>
    public int Generation { get; init; }

    /// <summary>A temporary self-signed certificate for challenges, until the host's certificate is issued.</summary>
    public bool IsTemporary { get; init; }
}

/// <summary>The result of a selection: the host with its context, or the reason of a refusal.</summary>
readonly record struct Selection(ServedHost? Served, HandshakeFailure Failure)
{
    public static implicit operator Selection(ServedHost served) => new(served, default);

    public static implicit operator Selection(HandshakeFailure failure) => new(null, failure);
}

/// <summary>Selects the credential for a ClientHello. The table is replaced as a whole by <c>Publish</c>: one volatile write.</summary>
public sealed class ServerCertificateSelector
{
    static readonly SslApplicationProtocol[] Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    readonly Lock _changing = new();
    readonly Dictionary<string, byte[]> _staples = new(StringComparer.Ordinal);
    readonly Dictionary<HostName, int> _generations = [];
    readonly TlsPolicy _policy;
    Names _names;
    volatile Table _table;
    volatile AlpnCertificateTable? _alpnTable;
    volatile TemporaryCertificateTable? _temporary;
    volatile bool _hasServed;

    internal ServerCertificateSelector(IReadOnlyList<HostName> hosts, HostName defaultHost, TlsPolicy policy, UnknownNames unknownNames, ITlsEngine engine)
    {
        (_policy, Engine) = (policy, engine);
        _names = new(hosts, defaultHost, unknownNames);
        _table = new([], null, unknownNames);
    }

    internal ServerCertificateSelector(EdgeOptions options, ITlsEngine engine)
        : this(options.Hosts, options.DefaultHost, options.Tls.Policy, options.Tls.UnknownNames, engine)
    {
    }

    /// <summary>The engine that creates the contexts.</summary>
    internal ITlsEngine Engine { get; }

    /// <summary>The served credential of each configured host; a host without an entry has no certificate yet.</summary>
    public IReadOnlyDictionary<HostName, Credential> Served => _table.Credentials;

    /// <summary>The host whose certificate is served to clients without SNI; null while there is none.</summary>
    internal HostName? HostWithoutSni => _table.Unnamed?.Host;

    /// <summary>Whether any host has been served since the start.</summary>
    public bool HasServed => _hasServed;

    /// <summary>
    /// Serves <paramref name="credentials"/> to all handshakes that begin from now on. Names whose credential is unchanged keep their contexts,
    /// so that their clients can still resume sessions. Of new contexts one for each kind of certificate is prepared at once, and the others at their first handshake.
    /// </summary>
    /// <exception cref="InvalidOperationException">The engine would not send a complete chain; nothing has changed.</exception>
    public void Publish(IReadOnlyDictionary<HostName, Credential> credentials)
    {
        lock (_changing)
        {
            var (names, known) = (_names, _table);
            var named = names.Hosts.Where(credentials.ContainsKey).Select(host => CreateServed(host, credentials[host], known.Named.GetValueOrDefault(host))).ToArray();
            var unnamed = HostOfDefault(names, credentials) is { } host ? CreateServed(host, credentials[host], known.Unnamed) : null;
            Prepare(named.Where(served => known.Named.GetValueOrDefault(served.Host) != served));
            _table = new Table(named, unnamed, names.Unknown);
            if (named.Length > 0) _hasServed = true;
        }
    }

    /// <summary>
    /// Sets the hosts, the default and the handling of unknown names. Hosts that stay are not affected: their clients
    /// can still resume sessions.
    /// </summary>
    public void Reconfigure(EdgeOptions options)
    {
        lock (_changing)
        {
            _names = new(options.Hosts, options.DefaultHost, options.Tls.UnknownNames);
            Publish(_table.Credentials);
        }
    }

    /// <summary>Ends all sessions of the host: its clients make full handshakes from now on.</summary>
    internal void EndSessions(HostName host)
    {
        lock (_changing)
        {
            _generations[host] = _generations.GetValueOrDefault(host) + 1;
            Publish(_table.Credentials);
        }
    }

    /// <summary>Replaces the session ticket keys of all contexts; the names keep their contexts.</summary>
    public void RotateTicketKeys()
    {
        lock (_changing) Engine.RotateTicketKeys(_table.All.Select(served => served.Context));
    }

    /// <summary>
    /// Serves <paramref name="credentials"/>, by SNI, to clients that offer only <paramref name="protocol"/>, and refuses
    /// those of them that request another name. The main table is not affected.
    /// </summary>
    internal void PublishForAlpn(SslApplicationProtocol protocol, IReadOnlyDictionary<string, Credential> credentials)
    {
        lock (_changing)
        {
            var known = _alpnTable;
            _alpnTable = new AlpnCertificateTable(protocol, credentials.ToFrozenDictionary(
                named => named.Key,
                named => CreateForAlpn(protocol, named.Value, known?.Find(named.Key).Served),
                StringComparer.Ordinal));
        }
    }

    /// <summary>Serves <paramref name="credentials"/>, for challenges only, to clients that request a host without a credential.</summary>
    internal void PublishTemporary(IReadOnlyDictionary<HostName, Credential> credentials)
    {
        lock (_changing)
        {
            var known = _temporary;
            _temporary = credentials.Count == 0
                ? null
                : new TemporaryCertificateTable([.. credentials.Select(each => CreateTemporary(each.Key, each.Value, known?.Find(each.Key.Value)))]);
        }
    }

    /// <summary>
    /// Staples <paramref name="response"/> in handshakes with the certificate of this <paramref name="fingerprint"/>; null = nothing.
    /// The staple stays with the certificate when tables are published; contexts and their tickets are kept.
    /// </summary>
    internal void Staple(string fingerprint, byte[]? response)
    {
        lock (_changing)
        {
            // The caller asks for every certificate every second.
            if (_staples.GetValueOrDefault(fingerprint) == response) return;
            if (response is null) _staples.Remove(fingerprint);
            else _staples[fingerprint] = response;
            foreach (var served in _table.ByFingerprint[fingerprint]) served.Context.Staple = response;
        }
    }

    /// <summary>The response that handshakes for <paramref name="host"/> staple.</summary>
    internal byte[]? StapleOf(HostName host) => ContextOf(host)?.Staple;

    /// <summary>The context of the host; null if it has no certificate.</summary>
    internal TlsContext? ContextOf(HostName host) => _table.Named.TryGetValue(host, out var served) ? served.Context : null;

    /// <summary>
    /// Selection order: the ALPN-specific table; exact name; wildcard; a temporary certificate for challenges; <c>Tls:UnknownNames</c>.
    /// Without SNI: the server's address; the default; a temporary certificate.
    /// </summary>
    internal Selection Select(scoped ClientHello hello, IPAddress? localAddress)
    {
        Span<char> name = stackalloc char[Math.Min(hello.ServerName.Length, 256)];
        if (_alpnTable is { } alpn && alpn.Matches(hello)) return alpn.Find(Lower(hello.ServerName, ref name) ? name : []);

        var (table, temporary) = (_table, _temporary);
        if (hello.ServerName.IsEmpty)
        {
            var address = localAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : localAddress;
            return Found((address is null ? null : table.Addresses.GetValueOrDefault(address)) ?? table.Unnamed ?? temporary?.FindUnnamed(address));
        }

        return Lower(hello.ServerName, ref name) && (table.Find(name) ?? temporary?.Find(name)) is { } served ? served
            : table.UnknownNames is UnknownNames.Default ? Found(table.Unnamed)
            : HandshakeFailure.UnknownName;

        static Selection Found(ServedHost? served) => served is null ? HandshakeFailure.Refused : served;
    }

    /// <summary>The default is looked up like SNI: exact name, then the wildcard that covers it.</summary>
    static HostName? HostOfDefault(Names names, IReadOnlyDictionary<HostName, Credential> credentials) =>
        credentials.ContainsKey(names.DefaultHost) ? names.DefaultHost : names.Hosts.FirstOrDefault(host => host.Matches(names.DefaultHost) && credentials.ContainsKey(host));

    ServedHost CreateServed(HostName host, Credential credential, ServedHost? known)
    {
        var generation = _generations.GetValueOrDefault(host);
        if (IsUnchanged(known, host, credential) && known.Generation == generation) return known;
        var settings = new TlsContextSettings(credential, _policy, Protocols)
        {
            Staple = _staples.GetValueOrDefault(credential.Fingerprint),
            SessionScope = $"{host} {generation}",
        };
        return new(host, credential, Engine.CreateContext(settings)) { Generation = generation };
    }

    /// <summary>The chain that .NET would send depends on the kind of certificate; a swap tests each host by a handshake as well.</summary>
    static void Prepare(IEnumerable<ServedHost> created)
    {
        foreach (var served in created.DistinctBy(served => served.Credential.Kind, StringComparer.Ordinal)) served.Context.Prepare();
    }

    ServedHost CreateForAlpn(SslApplicationProtocol protocol, Credential credential, ServedHost? known) =>
        IsUnchanged(known, credential.Names[0], credential) ? known : new(credential.Names[0], credential, ForChallenges(credential, [protocol])) { EndsAfterHandshake = true };

    ServedHost CreateTemporary(HostName host, Credential credential, ServedHost? known) =>
        IsUnchanged(known, host, credential) ? known : new(host, credential, ForChallenges(credential, Protocols)) { IsTemporary = true };

    /// <summary>Whether the context that is served already is reused.</summary>
    static bool IsUnchanged([NotNullWhen(true)] ServedHost? known, HostName host, Credential credential) =>
        known is not null && known.Credential == credential && known.Host == host;

    TlsContext ForChallenges(Credential credential, IReadOnlyList<SslApplicationProtocol> protocols) =>
        Engine.CreateContext(new(credential, _policy, protocols) { IsForChallenges = true });

    /// <summary>Converts to lower case and removes the trailing dot; false for characters that are invalid in DNS names.</summary>
    static bool Lower(ReadOnlySpan<byte> sent, ref Span<char> name)
    {
        if (sent.Length > name.Length) return false;
        for (var i = 0; i < sent.Length; i++)
        {
            var c = (char)sent[i];
            if (c is <= ' ' or >= (char)127 or '*') return false;
            name[i] = c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
        }

        if (name is [.., _, '.']) name = name[..^1];
        return true;
    }

    /// <summary>The configured names.</summary>
    sealed record Names(IReadOnlyList<HostName> Hosts, HostName DefaultHost, UnknownNames Unknown);

    sealed class Table
    {
        readonly FrozenDictionary<string, ServedHost>.AlternateLookup<ReadOnlySpan<char>> _exact, _wildcards;
        readonly Lazy<ILookup<string, ServedHost>> _byFingerprint;

        public Table(IReadOnlyList<ServedHost> named, ServedHost? unnamed, UnknownNames unknownNames)
        {
            (Unnamed, UnknownNames) = (unnamed, unknownNames);
            _byFingerprint = new(() => All.ToLookup(served => served.Credential.Fingerprint, StringComparer.Ordinal));
            Named = named.ToFrozenDictionary(served => served.Host);
            Credentials = named.ToFrozenDictionary(served => served.Host, served => served.Credential);
            Addresses = named.Where(served => served.Host.IsAddress).ToFrozenDictionary(served => IPAddress.Parse(served.Host.Value));
            _exact = Index(named.Where(served => !served.Host.IsWildcard), served => served.Host.Value);
            _wildcards = Index(named.Where(served => served.Host.IsWildcard), served => served.Host.Value[1..]);
        }

        public FrozenDictionary<HostName, ServedHost> Named { get; }

        public FrozenDictionary<HostName, Credential> Credentials { get; }

        public IEnumerable<ServedHost> All => Unnamed is null ? Named.Values : [.. Named.Values, Unnamed];

        /// <summary>Where a certificate is served. A search for each of n certificates would cost n².</summary>
        public ILookup<string, ServedHost> ByFingerprint => _byFingerprint.Value;

        public FrozenDictionary<IPAddress, ServedHost> Addresses { get; }

        public ServedHost? Unnamed { get; }

        public UnknownNames UnknownNames { get; }

        public ServedHost? Find(ReadOnlySpan<char> name)
        {
            if (_exact.TryGetValue(name, out var served)) return served;
            var dot = name.IndexOf('.');
            return dot > 0 && _wildcards.TryGetValue(name[dot..], out served) ? served : null;
        }

        static FrozenDictionary<string, ServedHost>.AlternateLookup<ReadOnlySpan<char>> Index(IEnumerable<ServedHost> names, Func<ServedHost, string> key) =>
            names.ToFrozenDictionary(key, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
