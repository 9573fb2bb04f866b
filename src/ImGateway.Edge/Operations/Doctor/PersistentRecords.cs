using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The records of <c>dns-persist-01</c>, which an operator sets once (draft-ietf-acme-dns-persist).</summary>
static class PersistentRecords
{
    const string Check = "dns-persist-01";

    public static async Task<IEnumerable<Finding>> LookAsync(EdgeOptions options, CertificateAuthority ca, DnsClient dns, CancellationToken cancellationToken)
    {
        if (!options.Acme.Challenges.Contains(AcmeChallenges.DnsPersist, StringComparer.Ordinal)) return [];
        if (await ca.CaaIdentitiesAsync(cancellationToken) is not [var issuer, ..])
        {
            return [new(Check, FindingStatus.Warn, $"{ca.Name} does not say its name for DNS records", "ask the CA, or choose another challenge")];
        }

        if (AccountOf(options, ca) is not { } account)
        {
            return [new(Check, FindingStatus.Warn, $"there is no account at {ca.Name} yet, and its URL is part of the record", "start the edge once, then run doctor again")];
        }

        return await Task.WhenAll(options.Hosts.Where(host => !host.IsAddress).Select(host => LookAsync(host, issuer, account, dns, cancellationToken)));
    }

    static async Task<Finding> LookAsync(HostName host, string issuer, string account, DnsClient dns, CancellationToken cancellationToken)
    {
        var name = $"_validation-persist.{(host.IsWildcard ? host.Value[2..] : host.Value)}";
        var value = $"{issuer}; accounturi={account}{(host.IsWildcard ? "; policy=wildcard" : "")}";
        var remedy = $"set the record {name}. TXT \"{value}\"";
        try
        {
            var texts = (await dns.AskAsync(name, DnsType.Txt, cancellationToken)).Select(Text).ToList();
            return texts.Exists(text => Parts(value).IsSubsetOf(Parts(text)))
                ? new(Check, FindingStatus.Ok, $"{host}: the record is set")
                : new(Check, FindingStatus.Fail, $"{host}: the record is not set", remedy);
        }
        catch (DnsException e)
        {
            return new(Check, FindingStatus.Warn, $"{host}: {name} cannot be asked for: {e.Message}", remedy);
        }
    }

    static HashSet<string> Parts(string text) => text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Strings of at most 255 bytes each, which belong together (RFC 1035 §3.3.14).</summary>
    static string Text(byte[] data)
    {
        var text = new StringBuilder();
        for (var at = 0; at < data.Length; at += 1 + data[at]) text.Append(Encoding.Latin1.GetString(data, at + 1, Math.Min(data[at], data.Length - at - 1)));
        return text.ToString();
    }

    static string? AccountOf(EdgeOptions options, CertificateAuthority ca)
    {
        var accounts = Path.Combine(options.DataDirectory, "accounts");
        if (!Directory.Exists(accounts)) return null;
        foreach (var file in Directory.EnumerateFiles(accounts, "account.json", SearchOption.AllDirectories))
        {
            using var account = JsonDocument.Parse(File.ReadAllBytes(file));
            var fields = account.RootElement;
            if (fields.TryGetProperty("directory", out var directory) && directory.GetString() == ca.Directory.AbsoluteUri && fields.TryGetProperty("url", out var url)) return url.GetString();
        }

        return null;
    }
}
