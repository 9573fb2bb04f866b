using ARSoft.Tools.Net.Dns;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Validates the DNSSEC signatures of a host's zone, as CAs do: they do not issue if validation fails.</summary>
static class DnssecCheck
{
    const string Check = "dnssec";
    const string Remedy = "have the zone signed anew, or have the DS record at the registrar agree with the zone's keys (delv and dnsviz.net name the record that fails)";

    /// <summary>The record types that a CA queries.</summary>
    static readonly RecordType[] Types = [RecordType.A, RecordType.Aaaa, RecordType.CAA];

    public static async Task<IEnumerable<Finding>> CheckAsync(HostName host, Resolver dns, CancellationToken cancellationToken)
    {
        var name = host.Domain;
        try
        {
            // 1. Validating name servers withhold records that fail validation, unless the query sets the CD bit.
            var answers = await Task.WhenAll(Types.Select(type => dns.QueryAsync(name, type, isChecked: true, cancellationToken)));
            foreach (var (type, answer) in Types.Zip(answers))
            {
                if (answer.ReturnCode is not ReturnCode.ServerFailure) continue;
                var isKnown = (await dns.QueryAsync(name, type, isChecked: false, cancellationToken)).ReturnCode is ReturnCode.NoError or ReturnCode.NxDomain;
                return [isKnown ? Broken(FindingStatus.Fail, type, "the name servers of this machine refuse what they find") : Unknown($"the answer is error {answer.ReturnCode}")];
            }

            if (answers.All(answer => answer.IsAuthenticData)) return [Ok("signed, and the name servers of this machine have validated it")];

            // 2. With other name servers, validation is done here, from the root down. Most zones are not signed.
            if (await dns.ValidateAsync(".", RecordType.DnsKey, cancellationToken) is not DnsSecValidationResult.Signed)
            {
                return [Ok("not judged, as the name servers of this machine pass on no signatures")];
            }

            var results = await Task.WhenAll(Types.Select(type => dns.ValidateAsync(name, type, cancellationToken)));
            foreach (var (type, answer, result) in Types.Zip(answers, results))
            {
                if (result is not DnsSecValidationResult.Bogus) continue;
                // Denial of existence has more forms than existence, so its failure is only a warning.
                return [Broken(answer.AnswerRecords.Count > 0 ? FindingStatus.Fail : FindingStatus.Warn, type, "its signatures do not lead to the root's key")];
            }

            if (Array.TrueForAll(results, result => result is DnsSecValidationResult.Signed)) return [Ok("signed, and validated here")];
            return [await dns.HasSignedDelegationAsync(name, cancellationToken)
                ? Broken(FindingStatus.Fail, RecordType.A, "the zone has a DS record, and no signatures that are valid now")
                : Ok("not signed")];
        }
        catch (DnsException e)
        {
            return [Unknown(e.Message)];
        }

        Finding Ok(string what) => new(Check, FindingStatus.Ok, $"{host}: {what}");

        Finding Broken(FindingStatus status, RecordType type, string why) =>
            new(Check, status, $"{host}: {type.ToString().ToUpperInvariant()} of {name} fails validation: {why}; a CA that validates does not issue", Remedy);

        Finding Unknown(string why) => new(Check, FindingStatus.Warn, $"{host}: {name} cannot be asked for: {why}", "see to the name servers of this machine and of the zone");
    }
}
