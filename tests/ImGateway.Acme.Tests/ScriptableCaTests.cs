using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>What the CA of the tests must refuse, or the tests against it prove nothing.</summary>
public sealed class ScriptableCaTests
{
    static JsonObject Agreement => new() { ["termsOfServiceAgreed"] = true };

    [Fact]
    public async Task A_nonce_is_good_for_one_request()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var request = new SignedRequest(ca);
        var nonce = await request.NonceAsync();

        Assert.Equal((201, null), await request.PostAsync("/new-account", Agreement, nonce));
        Assert.Equal((400, "badNonce"), await request.PostAsync("/new-account", Agreement, nonce));
        Assert.Equal((400, "badNonce"), await request.PostAsync("/new-account", Agreement, "never-given-out"));
    }

    [Fact]
    public async Task A_message_with_a_wrong_signature_url_algorithm_or_type_is_refused()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var tampered = new SignedRequest(ca) { Tampered = true };
        using var elsewhere = new SignedRequest(ca) { SignedUrl = "https://127.0.0.1/new-account" };
        using var unsigned = new SignedRequest(ca) { Algorithm = "none" };
        using var otherAlgorithm = new SignedRequest(ca) { Algorithm = "RS256" };
        using var json = new SignedRequest(ca) { ContentType = "application/json" };

        Assert.Equal((400, "malformed"), await tampered.PostAsync("/new-account", Agreement));
        Assert.Equal((401, "unauthorized"), await elsewhere.PostAsync("/new-account", Agreement));
        Assert.Equal((400, "badSignatureAlgorithm"), await unsigned.PostAsync("/new-account", Agreement));
        Assert.Equal((400, "badSignatureAlgorithm"), await otherAlgorithm.PostAsync("/new-account", Agreement));
        Assert.Equal((415, "malformed"), await json.PostAsync("/new-account", Agreement));
        Assert.All(ca.Recorded.Where(request => request.Operation is CaOperation.NewAccount), request => Assert.NotNull(request.Problem));
    }

    [Fact]
    public async Task Orders_are_signed_by_an_account_that_exists()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var request = new SignedRequest(ca);

        Assert.Equal((400, "malformed"), await request.PostAsync("/new-order", []));
        Assert.Equal((400, "accountDoesNotExist"), await request.PostAsync("/new-order", [], keyId: new Uri(ca.Directory, "/account/7").AbsoluteUri));
        Assert.Equal((400, "malformed"), await request.PostAsync("/new-account", Agreement, keyId: new Uri(ca.Directory, "/account/7").AbsoluteUri));
        Assert.Equal((404, "malformed"), await request.PostAsync("/nowhere", Agreement));
    }

    [Fact]
    public async Task An_account_needs_agreement_to_the_terms()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var request = new SignedRequest(ca);

        Assert.Equal((403, "userActionRequired"), await request.PostAsync("/new-account", []));
        Assert.Equal((400, "accountDoesNotExist"), await request.PostAsync("/new-account", new() { ["onlyReturnExisting"] = true }));
    }

    [Fact]
    public async Task A_fault_is_refused_where_it_has_no_meaning()
    {
        await using var ca = await ScriptableCa.StartAsync();

        Assert.Throws<ArgumentException>(() => ca.Fail(CaOperation.NewOrder, CaFault.GarbagePem));
    }
}
