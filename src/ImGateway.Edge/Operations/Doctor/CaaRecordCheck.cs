using ARSoft.Tools.Net.Dns;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether CAA records permit issuance: those of the host's name or of its closest ancestor with CAA records (RFC 8659 §3).</summary>
static class CaaRecordCheck
{
    const string Check = "caa";

    /// <param name="challenges">The challenge types that would be used.</param>
    /// <param name="ca">Null if certificates do not come from an ACME CA.</param>
    /// <param name="identities">The CA's identities in CAA records; empty if the CA does not publish them.</param>
    public static async Task<IEnumerable<Finding>> CheckAsync(
        HostName host, IReadOnlyList<string> challenges, string? ca, IReadOnlyList<string> identities, Resolver dns, CancellationToken cancellationToken)
    {
        var labels = host.Domain.Split('.');
        for (var i = 0; i < labels.Length; i++)
        {
            var name = string.Join('.', labels[i..]);
            // Concurrently: a name server that does not answer takes seconds.
            var isAnswered = AnswersAsync(name);
            try
            {
                var records = await dns.QueryAsync<CAARecord>(name, RecordType.CAA, cancellationToken);
                if (records.Count > 0) return [Judge(name, [.. records.Select(CaaRecord.Of)])];
            }
            catch (DnsException e)
            {
                return [await isAnswered
                    ? Found(FindingStatus.Fail, $"{name} cannot be asked for: {e.Message}, although for addresses it can", "have the zone's name servers, and what stands before them, answer questions for CAA, over TCP too; a CA that gets no answer does not issue (RFC 8659 §6)")
                    : Found(FindingStatus.Warn, $"{name} cannot be asked for: {e.Message}", "see to the name servers of this machine; a CA that cannot ask does not issue")];
            }
            finally
            {
                await isAnswered;
            }
        }

        return [Found(FindingStatus.Ok, "no CAA records: any CA may issue")];

        async Task<bool> AnswersAsync(string name)
        {
            try
            {
                return (await dns.QueryAsync(name, RecordType.A, isChecked: true, cancellationToken)).ReturnCode is ReturnCode.NoError or ReturnCode.NxDomain;
            }
            catch (DnsException)
            {
                return false;
            }
        }

        Finding Judge(string name, IReadOnlyList<CaaRecord> records)
        {
            if (ca is null) return Found(FindingStatus.Ok, $"{name} has CAA records, and certificates do not come from a CA by ACME");
            if (CaaRecord.Forbids(records, host.IsWildcard, identities, challenges) is not { } why) return Found(FindingStatus.Ok, $"{name} lets {ca} issue");
            return identities.Count == 0
                ? Found(FindingStatus.Warn, $"{name} {why}, and {ca} does not say by which name CAA records know it", "ask the CA")
                : Found(FindingStatus.Fail, $"{name} {why}, so {ca} may not issue", $"add the record {name}. CAA 0 {(host.IsWildcard ? "issuewild" : "issue")} \"{identities[0]}\", or choose another Edge:Acme:Directory");
        }

        Finding Found(FindingStatus status, string what, string? remedy = null) => new(Check, status, $"{host}: {what}", remedy);
    }
}
