using System.Text.Json;
using ARSoft.Tools.Net.Dns;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks the TXT records of <c>dns-persist-01</c>, which an operator creates once (draft-ietf-acme-dns-persist).</summary>
static class PersistentRecordCheck
{
    const string Check = "dns-persist-01";

    static readonly Finding Experimental = new(
        Check, FindingStatus.Warn, $"{Check} is experimental: it is a draft of the IETF, which CAs may change or withdraw",
        "list another challenge in Edge:Acme:Challenges as well, such as dns-01");

    public static async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, CaDirectory ca, Resolver dns, CancellationToken cancellationToken)
    {
        if (!options.Acme.Challenges.Contains(ChallengeTypes.DnsPersist, StringComparer.Ordinal)) return [];
        if (await ca.CaaIdentitiesAsync(cancellationToken) is not [var issuer, ..])
        {
            return [Experimental, new(Check, FindingStatus.Warn, $"{ca.Name} does not say its name for DNS records", "ask the CA, or choose another challenge")];
        }

        if (AccountOf(options) is not { } account)
        {
            return [Experimental, new(Check, FindingStatus.Warn, $"there is no account at {ca.Name} yet, and its URL is part of the record", "start the edge once, then run doctor again")];
        }

        var found = await Task.WhenAll(options.Hosts.Where(host => !host.IsAddress).Select(host => CheckAsync(host, issuer, account, dns, cancellationToken)));
        return [Experimental, .. found];
    }

    static async Task<Finding> CheckAsync(HostName host, string issuer, Uri account, Resolver dns, CancellationToken cancellationToken)
    {
        var record = DnsPersist.RecordFor(host, issuer, account);
        var remedy = SingleLine.Escape($"set the record {record}");
        try
        {
            var texts = (await dns.QueryAsync<TxtRecord>(record.Name, RecordType.Txt, cancellationToken)).Select(text => string.Concat(text.TextParts)).ToList();
            return texts.Exists(text => Parts(record.Value).IsSubsetOf(Parts(text)))
                ? new(Check, FindingStatus.Ok, $"{host}: the record is set")
                : new(Check, FindingStatus.Fail, $"{host}: the record is not set", remedy);
        }
        catch (DnsException e)
        {
            return new(Check, FindingStatus.Warn, $"{host}: {record.Name} cannot be asked for: {e.Message}", remedy);
        }
    }

    static HashSet<string> Parts(string text) => text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.OrdinalIgnoreCase);

    static Uri? AccountOf(EdgeOptions options)
    {
        var file = Path.Combine(AcmePaths.Account(options), "account.json");
        if (!File.Exists(file)) return null;
        using var account = JsonDocument.Parse(ByteOrderMark.Skip(File.ReadAllBytes(file)).ToArray());
        return account.RootElement.TryGetProperty("url", out var url) && Uri.TryCreate(url.GetString(), UriKind.Absolute, out var location) ? location : null;
    }
}
