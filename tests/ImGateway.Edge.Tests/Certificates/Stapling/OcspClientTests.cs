using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.AspNetCore.Http;

namespace ImGateway.Edge.Tests.Certificates.Stapling;

public sealed class OcspClientTests : IAsyncLifetime
{
    readonly TestCa _ca = TestCa.Create("Client test CA");
    readonly List<IssuedCertificate> _issued = [];
    ScriptedResponder _responder = null!;

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _responder = await ScriptedResponder.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _responder.DisposeAsync();
        _issued.ForEach(issued => issued.Dispose());
        _ca.Dispose();
    }

    [Theory]
    [InlineData("/", "GET")]
    [InlineData("/with/a/path", "GET")]
    [InlineData("/?with=query", "POST")]
    [InlineData(null, "POST")]
    public async Task A_short_request_goes_by_GET_and_others_by_POST(string? path, string method)
    {
        var (issued, target) = Target(_responder.Url + (path ?? "/" + new string('a', 200)));
        var used = "";
        byte[] request = [];
        _responder.Answer(async context =>
        {
            used = context.Request.Method;
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            request = used == "POST" ? body.ToArray() : Convert.FromBase64String(Uri.UnescapeDataString(context.Request.Path.Value!.Split('/', path == "/" ? 2 : 5)[^1]));
            await context.Response.Body.WriteAsync(new PkiOcspResponse(issued.Leaf, _ca).ToBytes());
        });

        Assert.Equal(OcspCertificateStatus.Good, (await AskAsync(target)).Status);
        Assert.Equal(method, used);
        Assert.Equal(target.Id.ToRequest(), request);
    }

    [Fact]
    public async Task A_responder_that_hangs_is_left_after_a_while_and_the_next_is_asked()
    {
        await using var second = await ScriptedResponder.StartAsync();
        var (issued, target) = Target(_responder.Url, second.Url);
        _responder.Hang();
        second.Answer(new PkiOcspResponse(issued.Leaf, _ca).ToBytes());
        Assert.Equal(OcspCertificateStatus.Good, (await AskAsync(target, TimeSpan.FromMilliseconds(300))).Status);
        Assert.Equal(1, _responder.Requests);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_cut_off()
    {
        var (_, target) = Target(_responder.Url);
        _responder.Answer(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(new byte[8192], context.RequestAborted);
        });
        Assert.Contains("longer than 64 KiB", await FailureAsync(target));
    }

    [Fact]
    public async Task A_few_redirects_are_followed_and_only_to_http()
    {
        var (issued, target) = Target(_responder.Url + "/moved");
        _responder.Answer(context =>
        {
            if (!context.Request.Path.StartsWithSegments("/moved")) return context.Response.Body.WriteAsync(new PkiOcspResponse(issued.Leaf, _ca).ToBytes()).AsTask();
            context.Response.Redirect("/here");
            return Task.CompletedTask;
        });
        Assert.Equal(OcspCertificateStatus.Good, (await AskAsync(target)).Status);

        _responder.Answer(Redirect("/moved/again"));
        Assert.Contains("HTTP status 302", await FailureAsync(target));
        _responder.Answer(Redirect("file:///etc/hostname"));
        Assert.Contains("redirects to what is no address", await FailureAsync(target));

        static Func<HttpContext, Task> Redirect(string to) => context =>
        {
            context.Response.Redirect(to);
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task Failures_name_the_responder_and_the_reason()
    {
        var (issued, target) = Target(_responder.Url);
        _responder.Fail();
        Assert.Equal($"{new Uri(_responder.Url).Authority}: HTTP status 503", await FailureAsync(target));
        _responder.Answer(new PkiOcspResponse(issued.Leaf, _ca) { Status = OcspStatus.Unknown }.ToBytes());
        Assert.Contains("does not know the certificate", await FailureAsync(target));
        _responder.Answer("nonsense"u8.ToArray());
        Assert.Contains("it is no OCSP response", await FailureAsync(target));
    }

    (IssuedCertificate Issued, OcspTarget Target) Target(params string[] responders)
    {
        var issued = _ca.Issue(new PkiLeaf { Hosts = ["gateway.test"], OcspResponders = responders });
        _issued.Add(issued);
        return (issued, OcspTarget.Of(issued.ToCredential("gateway.test"))!);
    }

    static async Task<OcspAnswer> AskAsync(OcspTarget target, TimeSpan? timeout = null)
    {
        using var client = new OcspClient(new OutgoingProxy(() => new EdgeOptions()), TimeProvider.System, timeout ?? OcspClient.DefaultTimeout);
        return await client.AskAsync(target, Cancelled);
    }

    static async Task<string> FailureAsync(OcspTarget target) => (await Assert.ThrowsAsync<OcspException>(() => AskAsync(target))).Message;
}
